import { Type } from '@sinclair/typebox'
import { Fence } from '../job.ts'
import { limits } from '../limits.ts'
import { LogEvents, LogOffset, LogPiece, LogStream } from '../log.ts'
import { defineRoute } from '../route.ts'
import { closed, Id } from '../schema.ts'

const AttemptParams = closed({ id: Id, attempt: Fence })

export const putLog = defineRoute({
  method: 'PUT',
  path: '/v1/jobs/:id/attempts/:attempt/logs/:stream',
  summary:
    'Append output at an offset. Bytes that are stored already are passed by; `log_gap` says how many are stored when some before the offset are missing',
  auth: true,
  idempotency: 'natural',
  params: closed({ id: Id, attempt: Fence, stream: LogStream }),
  query: closed({
    hostId: Id,
    offset: LogOffset,
    gap: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1, default: 0, description: '1: what is missing before it never comes.' }),
    ),
  }),
  bytes: true,
  response: Type.Object({ size: LogOffset }),
  bodyLimitBytes: limits.logChunkBytes,
})

export const closeLog = defineRoute({
  method: 'POST',
  path: '/v1/jobs/:id/attempts/:attempt/logs/close',
  summary: 'Say that the log ends at these sizes; answered when so many coordinators have it as are to have a record',
  auth: true,
  idempotency: 'natural',
  params: AttemptParams,
  body: closed({
    hostId: Id,
    stdout: LogOffset,
    stderr: LogOffset,
    copy: Type.Optional(Type.Boolean({ description: 'From another coordinator: it is not passed on.' })),
  }),
  response: Type.Object({ copies: Type.Integer({ minimum: 1, description: 'Coordinators that have all of it.' }) }),
  bodyLimitBytes: limits.smallBodyBytes,
})

export const readLogs = defineRoute({
  method: 'GET',
  path: '/v1/jobs/:id/logs',
  summary:
    'The output of a job as server-sent events, attempt after attempt; with `follow`, until the job has ended. Goes on after `Last-Event-ID`',
  auth: true,
  idempotency: 'none',
  params: closed({ id: Id }),
  query: closed({
    follow: Type.Optional(Type.Integer({ minimum: 0, maximum: 1, default: 0 })),
    attempt: Type.Optional(Fence),
    stream: Type.Optional(LogStream),
  }),
  events: true,
  response: LogEvents,
  bodyLimitBytes: 0,
})

export const readLogPage = defineRoute({
  method: 'GET',
  path: '/v1/replicate/logs/:id/:attempt',
  summary: "What this coordinator itself has of an attempt's log from these offsets on; with waitMs, waits for some",
  auth: true,
  idempotency: 'none',
  params: AttemptParams,
  query: closed({
    stdout: LogOffset,
    stderr: LogOffset,
    waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.waitMs })),
  }),
  response: Type.Object({
    /** Sizes; 0 for what it has nothing of. */
    stdout: LogOffset,
    stderr: LogOffset,
    closed: Type.Boolean(),
    pieces: Type.Array(LogPiece),
  }),
  bodyLimitBytes: 0,
})
