import { isUtf8 } from 'node:buffer'
import type { LogOptions, OutputChunk, SkyclawError } from '@skyclaw/client'
import type { LogAttempt, LogChunk, LogEnd, LogPlace } from '@skyclaw/protocol'
import type { Context } from '../command.ts'
import { renderSize } from '../render/size.ts'
import type { Outputs } from './outputs.ts'

/** How long to wait for a coordinator to come back; the job itself needs none to go on. */
export const maxOutageMs = 10 * 60_000

interface Settings extends Pick<LogOptions, 'follow' | 'attempt' | 'stream'> {
  readonly outputs: Outputs
  readonly signal?: AbortSignal
  /** Prints each piece as a line of JSON, on standard output. */
  readonly json?: boolean
  /** Whether there is nothing left to do when nobody reads it. */
  readonly endsUnread?: boolean
  /** Told before the first piece, and before another try. */
  readonly onOutput?: () => void
}

/** Nothing was shown yet. */
export const beginning = (): LogPlace => ({ attempt: 0, stdout: 0, stderr: 0 })

/**
 * Shows the output of a job, and moves `place` to what was shown; says on standard error when another try begins and when
 * something is missing. Returns how it ended; undefined when nobody reads it any more. Throws as `jobs.logs` does.
 */
export async function showLog(
  context: Context,
  id: string,
  place: LogPlace,
  settings: Settings,
): Promise<LogEnd | undefined> {
  const { outputs, follow, attempt, stream, signal, json = false, endsUnread = false, onOutput } = settings
  let end: LogEnd | undefined
  const pieces = context.client().jobs.logs(id, {
    ...(follow && { follow }),
    ...(attempt !== undefined && { attempt }),
    ...(stream && { stream }),
    ...(signal && { signal }),
    ...(follow && { maxOutageMs }),
    onOutage: ({ message }: SkyclawError) => void outputs.note(`still waiting for the output: ${message}`, signal),
    onAttempt: (one: LogAttempt) => {
      if (attempt !== undefined || one.attempt === 1) return
      onOutput?.()
      void outputs.note(`try ${one.attempt} on host ${one.hostId}`, signal)
    },
    onEnd: (one: LogEnd) => void (end = one),
  })
  for await (const piece of pieces) {
    onOutput?.()
    const missing = piece.offset - (piece.attempt === place.attempt ? place[piece.stream] : 0)
    if (missing > 0) await outputs.note(`${renderSize(missing)} of ${piece.stream} left out`, signal)
    const sink = outputs[json ? 'stdout' : piece.stream]
    await sink.write(json ? jsonLine(piece) : piece.bytes, signal)
    move(place, piece)
    if (sink.isGone && endsUnread) return undefined
  }
  return end
}

function move(place: LogPlace, { attempt, stream, offset, bytes }: OutputChunk): void {
  if (attempt !== place.attempt) Object.assign(place, beginning(), { attempt })
  place[stream] = offset + bytes.length
}

/** As it travels between coordinators and clients. */
function jsonLine({ attempt, stream, offset, bytes }: OutputChunk): string {
  if (bytes.length === 0) return ''
  const content = Buffer.from(bytes)
  const written = isUtf8(content) ? { text: content.toString() } : { base64: content.toString('base64') }
  const line: LogChunk = { attempt, stream, offset, bytes: bytes.length, ...written }
  return `${JSON.stringify(line)}\n`
}
