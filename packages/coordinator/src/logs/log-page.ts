import type { ResponseOf, Routes } from '@skyclaw/protocol'
import type { AttemptLog, LogSizes, StoredPiece } from '@skyclaw/output-log'

/** A part of a log, from wherever it comes. */
export interface LogPage {
  readonly sizes: LogSizes
  readonly closed: boolean
  readonly pieces: readonly StoredPiece[]
}

export type WirePage = ResponseOf<Routes['readLogPage']>

/** Bytes of output in one page: what a reader costs at most, whether it reads or not. */
const pageBytes = 131_072

/** An offset behind every end: nothing of that stream is wanted. */
export const beyond = Number.MAX_SAFE_INTEGER

const nothing: LogPage = { sizes: { stdout: 0, stderr: 0 }, closed: false, pieces: [] }

/** What a log has from these offsets on. Without pieces there is nothing between them and the sizes. */
export async function readPage(log: AttemptLog | undefined, from: LogSizes): Promise<LogPage> {
  if (!log) return nothing
  // Before the pieces: what is appended meanwhile is for the next page.
  const { sizes, closed } = log
  return { sizes, closed, pieces: await log.read(from, pageBytes) }
}

/** Whether a page says anything to who is at these offsets. */
export function isNews({ sizes, closed, pieces }: LogPage, from: LogSizes): boolean {
  return closed || pieces.length > 0 || sizes.stdout > from.stdout || sizes.stderr > from.stderr
}

export function toWire({ sizes, closed, pieces }: LogPage): WirePage {
  const coded = pieces.map(({ stream, offset, bytes }) => ({
    ...{ stream, offset },
    base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  }))
  return { ...sizes, closed, pieces: coded }
}

export function fromWire({ stdout, stderr, closed, pieces }: WirePage): LogPage {
  const decoded = pieces.map(({ stream, offset, base64 }) => ({ stream, offset, bytes: Buffer.from(base64, 'base64') }))
  return { sizes: { stdout, stderr }, closed, pieces: decoded }
}
