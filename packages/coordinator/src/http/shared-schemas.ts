import { LedgerRecord, RecordValue } from '@skyclaw/protocol'
import type { TSchema } from '@sinclair/typebox'

/** What stands in many places of the messages between coordinators, and is large. */
const parts: Readonly<Record<string, TSchema>> = { RecordValue, LedgerRecord }

const names = new Map(Object.entries(parts).map(([name, schema]) => [JSON.stringify(schema), name]))

const definitions = Object.fromEntries(
  Object.entries(parts).map(([name, schema]) => [name, withReferences(schema, name)]),
)

/**
 * The same schema with each large part defined once: a validator is compiled from the text of a schema, and with every part written out in
 * every place that takes a second. A schema without such parts comes back as it is.
 */
export function shareParts(schema: TSchema): TSchema {
  const shared = withReferences(schema)
  return JSON.stringify(shared).includes('"$ref"') ? { ...shared, $defs: definitions } : schema
}

function withReferences(schema: TSchema, self?: string): TSchema {
  const text = JSON.stringify(schema, (_, value: unknown) => {
    const name = typeof value === 'object' ? names.get(JSON.stringify(value)) : undefined
    return name === undefined || name === self ? value : { $ref: `#/$defs/${name}` }
  })
  return JSON.parse(text) as TSchema
}
