import { type HeldRecord, isSettled } from './held-record.ts'
import type { MeshQueries } from './mesh-queries.ts'
import { toRegisterRow } from './register-row.ts'

type Statements = Pick<MeshQueries, 'dropRecord' | 'dropRegister' | 'putPromise' | 'putRecord' | 'putRegister'>

/**
 * Writes what has changed under a key: at most one row of the record, and one of the register only while its value is not the known one.
 * A row of the register counts before what the record's row says of it, so that need not be taken back while there is one.
 */
export function writeHeld(statements: Statements, held: HeldRecord): void {
  const { key, register, unwritten } = held
  const settled = isSettled(held)
  const promised = settled ? register!.promised : null
  const promise = { promisedN: promised?.n ?? null, promisedNode: promised?.node ?? null }
  if (unwritten !== undefined) {
    const { promisedN, promisedNode } = promise
    statements.putRecord({ ...held.head!, value: unwritten, promisedN, promisedNode }, held.headOnDisk)
    held.headOnDisk = held.head
  } else if (held.recordChanged && !held.known) {
    statements.dropRecord(key)
    held.headOnDisk = undefined
  } else if (held.known && (settled ? held.registerChanged : held.promiseOnDisk && !register?.accepted)) {
    statements.putPromise({ key, ...promise })
  }
  held.promiseOnDisk =
    held.known !== undefined &&
    (settled || (held.promiseOnDisk && unwritten === undefined && register?.accepted != null))
  let { registerChars } = held
  if (register && !settled) {
    if (held.registerChanged || !held.registerOnDisk) {
      const row = toRegisterRow(register, held.unlearned)
      statements.putRegister(row)
      registerChars = row.proposal?.length ?? 0
    }
  } else {
    if (held.registerOnDisk) statements.dropRegister(key)
    registerChars = 0
  }
  held.chars += registerChars - held.registerChars
  held.registerChars = registerChars
  held.registerOnDisk = register !== undefined && !settled
  held.unwritten = undefined
  held.recordChanged = false
  held.registerChanged = false
}
