import { type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'

/** An object that refuses fields it does not name: what a request is made of. */
export function closed<T extends TProperties>(properties: T, description?: string): TObject<T> {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) })
}

/** A string without NUL, which no operating system lets through in a command, a path or a variable. */
export function text(maxLength: number, options: { minLength?: number; description?: string } = {}) {
  return Type.String({ maxLength, pattern: '^[^\\u0000]*$', ...options })
}

export const Id = Type.String({
  minLength: 1,
  maxLength: limits.idChars,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$',
  description: 'An id: letters, digits and . _ : - only, not starting with punctuation.',
})

/** RFC 3339 with a zone, for people and programs outside; records use milliseconds since 1970. */
export const Timestamp = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'RFC 3339 date and time with a zone, such as 2026-11-22T10:00:00.000Z.',
})

/** The last millisecond that RFC 3339, with its four-digit years, can name. */
export const latestMillis = 253_402_300_799_999

export const Millis = Type.Integer({
  minimum: 0,
  maximum: latestMillis,
  description: 'Milliseconds since 1970-01-01T00:00:00Z.',
})

/** The highest number that its owner can count up to. The bound leaves room to go on counting exactly from any value that was taken over. */
export const highestCounter = 8_000_000_000_000_000

/** A number that its owner counts up. */
export const Counter = Type.Integer({ minimum: 0, maximum: highestCounter })

export const Labels = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$' }),
  text(limits.labelChars),
  { maxProperties: limits.labels, additionalProperties: false, description: 'Free key and value pairs.' },
)

export const Capabilities = Type.Array(text(limits.capabilityChars, { minLength: 1 }), {
  maxItems: limits.capabilities,
  description: 'Names such as "shell" or "gpu"; trimmed, lower-cased, sorted and made unique.',
})

/**
 * Capabilities in their normal form, as records and answers carry them. A job's requirement has the capability that its payload implies
 * on top of those it was given, and lower case can be longer: "İ" becomes two characters.
 */
export const NormalCapabilities = Type.Array(text(limits.capabilityChars * 2, { minLength: 1 }), {
  maxItems: limits.capabilities + 1,
  description: 'Trimmed, lower-cased, sorted and unique.',
})

export const PageLimit = Type.Integer({
  minimum: 1,
  maximum: limits.pageMax,
  default: limits.pageDefault,
  description: 'How many at most.',
})

export const Cursor = Type.String({
  maxLength: 256,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'nextCursor of the page before.',
})

/** One of several object schemas, told apart by the constant field `on`. Ajv's `discriminator` gives errors that name the field. */
export function tagged<T extends TObject[]>(on: string, variants: [...T]) {
  return Type.Unsafe<T[number]['static']>({
    type: 'object',
    discriminator: { propertyName: on },
    required: [on],
    oneOf: variants,
  })
}

export function constants<T extends string>(...values: T[]) {
  return Type.Unsafe<T>({ type: 'string', enum: values })
}

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}
