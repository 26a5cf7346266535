import { LedgerRecord } from '@skyclaw/protocol'
import { Ajv } from 'ajv'

// As the coordinator reads requests: lengths in UTF-16 units, and errors that name the field of the kind that is meant.
const ajv = new Ajv({
  discriminator: true,
  unicode: false,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  logger: false,
})
const validate = ajv.compile<LedgerRecord>(LedgerRecord)

/** The record that a value is; throws an Error that names the field that is wrong, and how. */
export function checkRecord(value: unknown): LedgerRecord {
  if (validate(value)) return value
  const { instancePath = '', message = 'is not valid', params = {} } = validate.errors?.[0] ?? {}
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>
  const field = instancePath.slice(1).replaceAll('/', '.') || 'the record'
  if (additionalProperty !== undefined) throw new Error(`${field} has a field that is not known: ${additionalProperty}`)
  throw new Error(missingProperty === undefined ? `${field} ${message}` : `${field} lacks ${missingProperty}`)
}
