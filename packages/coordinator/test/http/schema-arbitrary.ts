import fc from 'fast-check'

/** As much of JSON Schema as the protocol uses. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly maxProperties?: number
}

const maxGeneratedChars = 40
const maxGeneratedItems = 3

/** Values that a schema of the protocol allows; lengths stay small. Throws for a schema it has no idea of, so that none goes untested. */
export function arbitraryOf(schema: object): fc.Arbitrary<unknown> {
  const s = schema as Schema
  if (s.const !== undefined) return fc.constant(s.const)
  if (s.enum) return fc.constantFrom(...s.enum)
  const variants = s.anyOf ?? s.oneOf
  if (variants) return fc.oneof(...variants.map(arbitraryOf))
  if (s.type === 'object') return s.patternProperties ? recordOf(s) : objectOf(s)
  if (s.type === 'array') {
    const bounds = {
      minLength: s.minItems ?? 0,
      maxLength: Math.min(s.maxItems ?? maxGeneratedItems, maxGeneratedItems),
    }
    const items = s.items ? arbitraryOf(s.items) : fc.anything()
    return s.uniqueItems ? fc.uniqueArray(items, bounds) : fc.array(items, bounds)
  }
  if (s.type === 'string') return stringOf(s)
  if (s.type === 'integer') return fc.integer({ min: bound(s.minimum, -1_000), max: bound(s.maximum, 1_000_000) })
  if (s.type === 'number') return fc.double({ min: s.minimum ?? 0, max: s.maximum ?? 1_000, noNaN: true })
  if (s.type === 'boolean') return fc.boolean()
  if (s.type === 'null') return fc.constant(null)
  if (Object.keys(schema).every((name) => name === 'description')) return fc.jsonValue({ maxDepth: 2 })
  throw new Error(`no values for the schema ${JSON.stringify(schema).slice(0, 200)}`)
}

/** `fc.integer` takes 32 bits; what lies beyond is tested at its bounds elsewhere. */
function bound(value: number | undefined, fallback: number): number {
  return Math.max(-0x8000_0000, Math.min(0x7fff_ffff, value ?? fallback))
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, arbitraryOf(field)]))
  return fc.record(fields, { requiredKeys: [...required], noNullPrototype: true })
}

function recordOf({ patternProperties = {} }: Schema): fc.Arbitrary<unknown> {
  const [[pattern, value]] = Object.entries(patternProperties) as [[string, Schema]]
  const names = fc.stringMatching(new RegExp(pattern)).filter((name) => name !== '__proto__')
  return fc.dictionary(names, arbitraryOf(value), { maxKeys: maxGeneratedItems, noNullPrototype: true })
}

function stringOf({ format, pattern, minLength = 0, maxLength = Infinity }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    const range = { min: new Date('1990-01-01T00:00:00Z'), max: new Date('9999-01-01T00:00:00Z') }
    return fc.date({ ...range, noInvalidDate: true }).map((date) => date.toISOString())
  }
  if (format === 'http-url') return fc.webUrl()
  const bounds = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, maxGeneratedChars)) }
  if (pattern === undefined) return fc.string({ unit: 'binary', ...bounds })
  if (pattern === '^[^\\u0000]*$') {
    return fc
      .string({ unit: 'binary', ...bounds })
      .map((text) => text.replaceAll('\0', '0'))
      .filter((text) => text.length <= maxLength)
  }
  const regex = new RegExp(pattern)
  return fc.stringMatching(regex).filter((text) => text.length >= minLength && text.length <= maxLength)
}
