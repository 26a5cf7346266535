import {
  type JobStatus,
  jobStatuses,
  type LogAttempt,
  type LogChunk,
  type LogEnd,
  logStreams,
  parseLogPlace,
} from '@skyclaw/protocol'
import type { EventSourceMessage } from 'eventsource-parser'
import { BrokenStreamError } from './read-events.ts'

export type LogEvent =
  | { kind: 'chunk'; chunk: Omit<LogChunk, 'text' | 'base64'>; content: Uint8Array }
  | { kind: 'attempt'; attempt: LogAttempt }
  | { kind: 'end'; end: LogEnd }

/** An event of a log by its name; undefined for a name that newer coordinators may have. Throws a `BrokenStreamError` for what is none. */
export function parseLogEvent({ event, data }: EventSourceMessage): LogEvent | undefined {
  if (event === 'chunk') return parseChunk(parseObject(data, event))
  if (event === 'attempt') return { kind: 'attempt', attempt: parseAttempt(parseObject(data, event)) }
  if (event === 'end') return { kind: 'end', end: parseEnd(parseObject(data, event)) }
  return undefined
}

/** The id to go on from; undefined when it is none that a coordinator understands. */
export function placeOf({ id }: EventSourceMessage): string | undefined {
  return id !== undefined && parseLogPlace(id) ? id : undefined
}

type Fields = Readonly<Record<string, unknown>>

function parseObject(data: string, event: string): Fields {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === 'object' && value !== null) return value as Fields
  } catch {
    // It is told the same way.
  }
  throw new BrokenStreamError(`sends an event ${event} that is no JSON object`)
}

function parseChunk({ attempt, stream, offset, bytes, text, base64 }: Fields): LogEvent {
  const content =
    typeof text === 'string'
      ? Buffer.from(text)
      : typeof base64 === 'string'
        ? Buffer.from(base64, 'base64')
        : undefined
  const known = logStreams.find((name) => name === stream)
  if (!isCount(attempt) || !isCount(offset) || !known || !content || content.length === 0 || content.length !== bytes) {
    throw new BrokenStreamError('sends a piece of output without an attempt, a stream, an offset or its bytes')
  }
  return { kind: 'chunk', chunk: { attempt, stream: known, offset, bytes }, content }
}

function parseAttempt({ attempt, hostId, startedAt }: Fields): LogAttempt {
  if (isCount(attempt) && typeof hostId === 'string' && typeof startedAt === 'string') {
    return { attempt, hostId, startedAt }
  }
  throw new BrokenStreamError('sends an attempt without its number, host or start')
}

function parseEnd({ status, complete }: Fields): LogEnd {
  const known: JobStatus | undefined = jobStatuses.find((name) => name === status)
  if (known && typeof complete === 'boolean') return { status: known, complete }
  throw new BrokenStreamError('ends the output without saying how')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
