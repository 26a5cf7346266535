import { ProblemError } from '@skyclaw/protocol'
import type { RecordPosition, RecordRow } from '@skyclaw/store'

/** A cursor is the place of the page's last record, opaque to callers. */
export function encodeCursor({ sequence, key }: Pick<RecordRow, 'sequence' | 'key'>): string {
  return Buffer.from(`${sequence} ${key}`).toString('base64url')
}

/** Throws `invalid_request` for what is no cursor of ours. */
export function decodeCursor(cursor: string): RecordPosition {
  const match = /^(\d{1,16}) (.+)$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!match?.[1] || !match[2]) {
    throw new ProblemError('invalid_request', 'cursor is not the nextCursor of a page', { field: 'cursor' })
  }
  return { sequence: Number(match[1]), key: match[2] }
}
