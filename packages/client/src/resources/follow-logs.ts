import type { LogAttempt, LogEnd, LogStream } from '@skyclaw/protocol'
import type { CallContext } from '../call-context.ts'
import type { SkyclawError } from '../errors.ts'
import { LogReading, type OutputChunk } from '../stream/log-reading.ts'
import { LogStreams } from '../stream/log-streams.ts'
import { checkMs, defaultMaxOutageMs } from '../outage.ts'

export interface LogOptions {
  /** Whether to wait for more until the job has ended; default false: what there is now. */
  follow?: boolean
  /** This attempt alone; all of them in turn when not given. */
  attempt?: number
  /** This stream alone. */
  stream?: LogStream
  /** Ends it with the signal's reason. */
  signal?: AbortSignal
  /** Milliseconds without a sign of life of any coordinator until it gives up; default an hour with `follow`, or else those of a call. */
  maxOutageMs?: number
  /** Called when an outage begins: no coordinator answered, and it goes on asking. */
  onOutage?: (error: SkyclawError) => void
  /** Called before the first piece of an attempt. */
  onAttempt?: (attempt: LogAttempt) => void
  /** Called when nothing follows: what the job is, and whether its output came to its end. */
  onEnd?: (end: LogEnd) => void
}

/**
 * The output of a job, piece by piece, each byte once and in order. A reader that takes its time is waited for. `used` is called
 * when a coordinator says something.
 */
export async function* followLogs(
  context: CallContext,
  used: () => void,
  id: string,
  { follow = false, attempt, stream, signal, maxOutageMs, onOutage, onAttempt, onEnd }: LogOptions = {},
): AsyncGenerator<OutputChunk, LogEnd, undefined> {
  checkMs('maxOutageMs', maxOutageMs)
  const query = { ...(follow && { follow: 1 }), ...(attempt !== undefined && { attempt }), ...(stream && { stream }) }
  const streams = new LogStreams(context, {
    request: { params: { id }, query },
    signal: AbortSignal.any([context.closing, ...(signal ? [signal] : [])]),
    maxOutageMs: maxOutageMs ?? (follow ? defaultMaxOutageMs : context.options.timeoutMs),
    onOutage: (error) => onOutage?.(error),
    used,
  })
  const reading = new LogReading()
  for (;;) {
    for await (const { place, event } of streams.next()) {
      if (event.kind === 'attempt' && reading.announces(event.attempt)) onAttempt?.(event.attempt)
      if (event.kind === 'chunk') yield* reading.take(event.chunk, event.content)
      if (event.kind === 'end') {
        yield* reading.finish()
        onEnd?.(event.end)
        return event.end
      }
      streams.taken(place)
    }
  }
}
