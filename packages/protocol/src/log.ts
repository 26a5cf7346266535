import { type Static, Type } from '@sinclair/typebox'
import { Fence, JobStatus } from './job.ts'
import { limits } from './limits.ts'
import { constants, Id, Timestamp } from './schema.ts'

/*
 * The log of an attempt is what its processes wrote to stdout and stderr, secrets redacted. Each stream is counted in bytes
 * from 0, its offsets. Of a long stream the head and the tail are kept: then pieces in the middle are missing for good, and
 * the offset of the next piece tells how many bytes were left out.
 */

export const logStreams = ['stdout', 'stderr'] as const
export const LogStream = constants(...logStreams)
export type LogStream = Static<typeof LogStream>

export const LogOffset = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "Bytes of the attempt's stream that come before.",
})

/** A piece of output. Never split inside a UTF-8 character; what is not UTF-8 comes as base64. */
export const LogChunk = Type.Object({
  attempt: Fence,
  stream: LogStream,
  offset: LogOffset,
  bytes: Type.Integer({ minimum: 1 }),
  text: Type.Optional(Type.String()),
  base64: Type.Optional(Type.String()),
})
export type LogChunk = Static<typeof LogChunk>

/** The pieces that follow belong to this attempt. */
export const LogAttempt = Type.Object({ attempt: Fence, hostId: Id, startedAt: Timestamp })
export type LogAttempt = Static<typeof LogAttempt>

/** Nothing follows. */
export const LogEnd = Type.Object({
  status: JobStatus,
  complete: Type.Boolean({ description: 'False when the end of the output could not be had.' }),
})
export type LogEnd = Static<typeof LogEnd>

/** The events of a log by name. Each has an id, with which a reader goes on at any coordinator (`Last-Event-ID`). */
export const LogEvents = Type.Object({ chunk: LogChunk, attempt: LogAttempt, end: LogEnd })
export type LogEvents = Static<typeof LogEvents>

/** Where a reader is: an attempt, and the offsets up to which it has read both streams. */
export interface LogPlace {
  attempt: number
  stdout: number
  stderr: number
}

export const logPlacePattern = /^(\d{1,6})\.(\d{1,16})\.(\d{1,16})$/

/** A place as the id of an event. */
export function formatLogPlace({ attempt, stdout, stderr }: LogPlace): string {
  return `${attempt}.${stdout}.${stderr}`
}

/** The reverse; undefined for what is none. */
export function parseLogPlace(text: string): LogPlace | undefined {
  const [attempt, stdout, stderr] = logPlacePattern.exec(text)?.slice(1).map(Number) ?? []
  if (attempt === undefined || stdout === undefined || stderr === undefined) return undefined
  return Number.isSafeInteger(stdout) && Number.isSafeInteger(stderr) ? { attempt, stdout, stderr } : undefined
}

/** A piece of a log as coordinators tell it one another. */
export const LogPiece = Type.Object({
  stream: LogStream,
  offset: LogOffset,
  base64: Type.String({ maxLength: limits.logPageBytes * 2 }),
})
export type LogPiece = Static<typeof LogPiece>
