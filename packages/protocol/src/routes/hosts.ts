import { Type } from '@sinclair/typebox'
import { DrainDeadlineMs, Host, HostState, LeaseRef, MaxParallel } from '../host.ts'
import { Job } from '../job.ts'
import { limits } from '../limits.ts'
import { defineRoute } from '../route.ts'
import { Capabilities, closed, Cursor, Id, Labels, nullable, PageLimit, text } from '../schema.ts'

const HostParams = closed({ id: Id })

const LeaseMs = Type.Integer({ description: 'A host silent for longer is lost; it beats at least every third of it.' })

export const registerHost = defineRoute({
  method: 'POST',
  path: '/v1/hosts/register',
  summary: 'Register a host, or register it anew with changed capabilities',
  auth: true,
  idempotency: 'answer',
  body: closed({
    hostId: Type.Optional(Id),
    name: text(limits.nameChars, { minLength: 1 }),
    capabilities: Type.Optional(Capabilities),
    maxParallel: Type.Optional(MaxParallel),
    labels: Type.Optional(Labels),
  }),
  response: Type.Object({ host: Host, leaseMs: LeaseMs }),
  bodyLimitBytes: limits.bodyBytes,
})

export const heartbeat = defineRoute({
  method: 'POST',
  path: '/v1/hosts/:id/heartbeat',
  summary: 'Renew all leases of a host and learn what changed',
  auth: true,
  idempotency: 'answer',
  params: HostParams,
  body: closed({
    activeLeases: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.heartbeatJobs })),
    jobs: Type.Optional(
      Type.Array(LeaseRef, {
        maxItems: limits.heartbeatJobs,
        description: 'Every job the host holds; a lease not in it for 10 s is taken back.',
      }),
    ),
  }),
  response: Type.Object({
    host: Host,
    cancel: Type.Array(LeaseRef),
    lost: Type.Array(LeaseRef),
    drain: Type.Optional(Type.Boolean({ description: 'Whether it is to claim nothing, for whatever reason.' })),
    state: Type.Optional(HostState),
    deadlineMs: Type.Optional(DrainDeadlineMs),
    coordinators: Type.Array(Type.String()),
    leaseMs: LeaseMs,
  }),
  bodyLimitBytes: limits.bodyBytes,
})

export const claimJobs = defineRoute({
  method: 'POST',
  path: '/v1/hosts/:id/claim',
  summary: 'Lease queued jobs that the host can run; with waitMs, wait for one',
  auth: true,
  idempotency: 'lease',
  params: HostParams,
  body: closed({
    waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.waitMs })),
    max: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.claimMax })),
  }),
  response: Type.Object({ job: nullable(Job), jobs: Type.Optional(Type.Array(Job)) }),
  bodyLimitBytes: limits.bodyBytes,
})

export const listHosts = defineRoute({
  method: 'GET',
  path: '/v1/hosts',
  summary: 'Hosts, newest first',
  auth: true,
  idempotency: 'none',
  query: closed({ limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) }),
  response: Type.Object({ hosts: Type.Array(Host), nextCursor: Type.Optional(Cursor) }),
  bodyLimitBytes: 0,
})

export const getHost = defineRoute({
  method: 'GET',
  path: '/v1/hosts/:id',
  summary: 'One host',
  auth: true,
  idempotency: 'none',
  params: HostParams,
  response: Type.Object({ host: Host }),
  bodyLimitBytes: 0,
})

export const watchHost = defineRoute({
  method: 'GET',
  path: '/v1/hosts/:id/changes',
  summary: 'For the host itself: answers as soon as something that its heartbeat would tell has changed since `seen`',
  auth: true,
  idempotency: 'none',
  params: HostParams,
  query: closed({
    seen: Type.Optional(
      Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9._-]+$', description: '`seen` of the answer before.' }),
    ),
    waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.waitMs })),
  }),
  response: Type.Object({ seen: Type.String() }),
  bodyLimitBytes: 0,
})

export const pauseHost = defineRoute({
  method: 'POST',
  path: '/v1/hosts/:id/pause',
  summary: 'Have a host take no more jobs until it is resumed; what runs goes on',
  auth: true,
  idempotency: 'answer',
  params: HostParams,
  body: closed({}),
  response: Type.Object({ host: Host }),
  bodyLimitBytes: limits.smallBodyBytes,
})

export const resumeHost = defineRoute({
  method: 'POST',
  path: '/v1/hosts/:id/resume',
  summary: 'Have a host that was paused or drained take jobs again',
  auth: true,
  idempotency: 'answer',
  params: HostParams,
  body: closed({}),
  response: Type.Object({ host: Host }),
  bodyLimitBytes: limits.smallBodyBytes,
})

export const drainHost = defineRoute({
  method: 'POST',
  path: '/v1/hosts/:id/drain',
  summary: 'Have a host finish what it runs and take nothing more; with a deadline, hand back what runs then',
  auth: true,
  idempotency: 'answer',
  params: HostParams,
  body: closed({ deadlineMs: Type.Optional(DrainDeadlineMs) }),
  response: Type.Object({ host: Host }),
  bodyLimitBytes: limits.smallBodyBytes,
})
