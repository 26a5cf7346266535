import type { LogSizes } from '@skyclaw/output-log'
import { limits, type LogStream, type ResultRecord } from '@skyclaw/protocol'
import { type TextPiece, TextPieces } from './text-pieces.ts'

/**
 * What a job's result is to a reader of its log who is at some offsets:
 * - `whole`: it has all that comes after them;
 * - `cut`: it is cut, or has other bytes than were written, and its offsets are not those of the log, so it serves only who has read nothing, when nothing better is there;
 * - `useless`.
 */
export type ResultUse = 'whole' | 'cut' | 'useless'

export function useOf({ usage, stdout, stderr }: ResultRecord, told: LogSizes): ResultUse {
  const begun = told.stdout > 0 || told.stderr > 0
  // What was no UTF-8 stands replaced in the result: then the host sends a log, which has the bytes.
  const replaced = usage !== undefined && (stdout.includes('\ufffd') || stderr.includes('\ufffd'))
  const cut = usage?.truncated === true || replaced
  if (!begun) return cut ? 'cut' : 'whole'
  const sameBytes = usage?.stdoutBytes === Buffer.byteLength(stdout) && usage.stderrBytes === Buffer.byteLength(stderr)
  return !cut && sameBytes ? 'whole' : 'useless'
}

/** The next pieces of one stream after an offset, as the result has them; none at its end. */
export function resultPieces(result: ResultRecord, stream: LogStream, offset: number): TextPiece[] {
  const bytes = Buffer.from(result[stream]).subarray(offset, offset + limits.logChunkBytes)
  const pieces = new TextPieces()
  const cut = pieces.push(offset, bytes)
  return cut.length > 0 ? cut : pieces.flush()
}
