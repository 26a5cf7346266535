import { limits, type RecordValue } from '@skyclaw/protocol'
import type { RecordRow } from '@skyclaw/store'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { ListFilter, Page, PageRequest } from './ledger.ts'
import type { Queries } from './queries.ts'
import { toValue } from './record-index.ts'

/**
 * A page of known records, newest first. It ends early when it grows large. Throws `invalid_request` for a foreign cursor.
 *
 * @param counts whether the record under a key is the one of its twins that counts; the others are left out
 */
export function readListPage(
  { list }: Pick<Queries, 'list'>,
  filter: ListFilter,
  { limit, cursor }: PageRequest,
  counts: (key: string) => boolean,
): Page<RecordValue> {
  const position = cursor === undefined ? undefined : decodeCursor(cursor)
  const values: RecordValue[] = []
  let last: RecordRow | undefined
  let rows = 0
  let bytes = 0
  for (const row of list(filter, position, limit + 1)) {
    if (last && (rows === limit || bytes + row.value.length > limits.pageBytes)) {
      return { values, nextCursor: encodeCursor(last) }
    }
    if (counts(row.key)) values.push(toValue(row))
    rows += 1
    bytes += row.value.length
    last = row
  }
  return { values }
}
