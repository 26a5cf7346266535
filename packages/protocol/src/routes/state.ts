import { Type } from '@sinclair/typebox'
import { Host } from '../host.ts'
import { Job } from '../job.ts'
import { limits } from '../limits.ts'
import { defineRoute } from '../route.ts'
import { closed, Cursor, Id } from '../schema.ts'

export const readState = defineRoute({
  method: 'GET',
  path: '/v1/state',
  summary: 'Hosts and jobs together, secrets redacted',
  auth: true,
  idempotency: 'none',
  query: closed({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageMax, default: limits.pageMax })),
    cursor: Type.Optional(Cursor),
  }),
  response: Type.Object({
    nodeId: Id,
    hosts: Type.Array(Host),
    jobs: Type.Array(Job),
    nextCursor: Type.Optional(Cursor),
  }),
  bodyLimitBytes: 0,
})

export const readHealth = defineRoute({
  method: 'GET',
  path: '/health',
  summary: 'Whether the coordinator serves; needs no token, tells no secrets',
  auth: false,
  idempotency: 'none',
  response: Type.Object({
    ok: Type.Boolean(),
    nodeId: Id,
    version: Type.String(),
    standalone: Type.Boolean(),
    uptimeMs: Type.Integer(),
  }),
  bodyLimitBytes: 0,
})
