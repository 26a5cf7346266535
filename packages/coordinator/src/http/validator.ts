import { latestMillis, ProblemError } from '@skyclaw/protocol'
import type { TSchema } from '@sinclair/typebox'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { shareParts } from './shared-schemas.ts'

/** Throws a ProblemError that names the field, and fills defaults in. */
export type Check = (data: unknown) => void

/**
 * Compiles the schemas of requests. Unlike Fastify's default it refuses unknown fields instead of dropping them, and converts types
 * only where a URL leaves no choice. What it refuses is a ProblemError that names the field.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const ajv = createAjv()
  return ({ schema, httpPart }) => {
    let compiled: ValidateFunction | undefined
    const read = httpPart === 'body' ? (data: unknown) => data : (data: unknown) => fromText(schema, data)
    return (data: unknown) => {
      const value = read(data)
      // When it is needed: many routes are never called, and a coordinator should be there at once.
      const validate = (compiled ??= ajv.compile(shareParts(schema)))
      return validate(value) ? { value } : { error: toProblem(validate.errors?.[0], httpPart) }
    }
  }
}

/** The same for callers in the process. `name` stands for the value as a whole in what is thrown. */
export function createCheck(schema: TSchema, name: string): Check {
  let compiled: ValidateFunction | undefined
  return (data) => {
    const validate = (compiled ??= createAjv().compile(shareParts(schema)))
    if (!validate(data)) throw toProblem(validate.errors?.[0], name)
  }
}

/** Decimal digits are numbers where the schema wants one. Ajv's own conversion takes `0x10`, and lets `Infinity` past every bound. */
function fromText(schema: TSchema, data: unknown): Record<string, unknown> {
  const properties = schema['properties'] as Record<string, TSchema>
  const entries = Object.entries(data as Record<string, unknown>).map(([name, text]) => {
    const wanted: unknown = Object.hasOwn(properties, name) ? properties[name]!['type'] : undefined
    const isNumber = wanted === 'integer' && typeof text === 'string' && /^-?\d{1,16}$/.test(text)
    return [name, isNumber ? Number(text) : text]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}

function createAjv(): Ajv {
  const options = {
    useDefaults: true,
    removeAdditional: false,
    coerceTypes: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    // It makes compiling take twice as long, and checking no faster that one could tell.
    code: { optimize: false },
  }
  // Lengths are in UTF-16 units, as the protocol's limits say. Ajv calls that deprecated on stderr, where it does not belong.
  return withFormats(new Ajv({ ...options, discriminator: true, unicode: false, logger: false }))
}

function withFormats(ajv: Ajv): Ajv {
  ajv.addFormat('date-time', isTimestamp)
  ajv.addFormat('http-url', isHttpUrl)
  return ajv
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

/** RFC 3339 with a zone; a day that the calendar does not have is refused, and so is one that UTC puts in the year 10000. */
export function isTimestamp(text: string): boolean {
  const match = rfc3339.exec(text)
  // Not a number is not less than anything.
  if (!match || !(Date.parse(text) <= latestMillis)) return false
  const [, year, month, day] = match.map(Number)
  return day! <= new Date(Date.UTC(year!, month, 0)).getUTCDate()
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'http:' || url?.protocol === 'https:'
}

function toProblem(error: ErrorObject | undefined, part: string | undefined): ProblemError {
  if (!error) return new ProblemError('invalid_request', `the ${part ?? 'request'} is not valid`)
  const place = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')
  const { additionalProperty, missingProperty, propertyName, tag } = error.params as Record<string, string | undefined>
  const inner = additionalProperty ?? missingProperty ?? propertyName ?? tag
  const field = [place, ...(inner === undefined ? [] : [inner])].filter((name) => name !== '').join('.')
  const named = (field === '' ? (part ?? 'body') : field).slice(0, 256)
  return new ProblemError('invalid_request', `${named} ${sentence(error)}`, { field: named })
}

function sentence({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'additionalProperties') return 'is not a known field'
  if (keyword === 'required') return 'is required'
  if (keyword === 'enum') return `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`
  if (keyword === 'const') return `must be ${JSON.stringify(params['allowedValue'])}`
  if (keyword === 'discriminator') return 'must name one of the known kinds'
  if (keyword === 'format')
    return `must be a ${params['format'] === 'date-time' ? 'RFC 3339 date and time with a zone' : 'http or https URL'}`
  return message ?? 'is not valid'
}
