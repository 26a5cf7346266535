import { type Static, Type } from '@sinclair/typebox'
import { constants } from './schema.ts'

/** Every error the protocol knows: HTTP status, title, and whether the same request may succeed when sent again. */
export const problems = {
  invalid_request: { status: 400, title: 'The request is not valid', retryable: false },
  unauthorized: { status: 401, title: 'Unauthorized', retryable: false },
  not_found: { status: 404, title: 'Not found', retryable: false },
  method_not_allowed: { status: 405, title: 'Method not allowed', retryable: false },
  request_timeout: { status: 408, title: 'The request did not arrive in time', retryable: true },
  idempotency_mismatch: { status: 409, title: 'The idempotency key was used with another body', retryable: false },
  lease_lost: { status: 409, title: 'The lease is no longer held', retryable: false },
  log_gap: { status: 409, title: 'Output before this offset is missing', retryable: false },
  log_closed: { status: 409, title: 'The log is closed', retryable: false },
  job_terminal: { status: 409, title: 'The job has ended', retryable: false },
  stale_instance: { status: 409, title: 'This instance is a copy that is behind', retryable: false },
  url_unverified: { status: 409, title: 'The coordinator did not answer at its URL', retryable: true },
  not_a_member: { status: 409, title: 'That is no member of the network', retryable: false },
  member_alive: { status: 409, title: 'The coordinator is alive', retryable: false },
  records_at_risk: { status: 409, title: 'Records would lose their quorum', retryable: false },
  payload_too_large: { status: 413, title: 'The request body is too large', retryable: false },
  uri_too_long: { status: 414, title: 'The URL is too long', retryable: false },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', retryable: false },
  headers_too_large: { status: 431, title: 'The request headers are too large', retryable: false },
  too_busy: { status: 429, title: 'Too many requests at once', retryable: true },
  internal: { status: 500, title: 'Internal error', retryable: false },
  insufficient_replicas: { status: 503, title: 'Too few coordinators are live', retryable: true },
  quorum_unreachable: { status: 503, title: 'No quorum answered', retryable: true },
  shutting_down: { status: 503, title: 'The coordinator is shutting down', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>

export type ProblemCode = keyof typeof problems
export const problemCodes = Object.keys(problems) as ProblemCode[]

export const problemContentType = 'application/problem+json'

/** An RFC 9457 problem document; `error` repeats the title for older clients. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: constants(...problemCodes),
    retryable: Type.Boolean(),
    error: Type.String(),
    field: Type.Optional(Type.String({ description: 'The request field that is wrong.' })),
    outcome: Type.Optional(constants('not_applied', 'unknown')),
    expectedOffset: Type.Optional(Type.Integer({ minimum: 0, description: 'Of `log_gap`: how much is stored.' })),
    requestId: Type.Optional(Type.String()),
  },
  { $id: 'Problem' },
)
export type Problem = Static<typeof Problem>

export interface ProblemExtras {
  field?: string
  outcome?: 'not_applied' | 'unknown'
  expectedOffset?: number
  requestId?: string
}

/** Makes the document of a code. `detail` says what is wrong in this case. */
export function problem(code: ProblemCode, detail: string, extras: ProblemExtras = {}): Problem {
  const { status, title, retryable } = problems[code]
  return { type: `urn:skyclaw:problem:${code}`, title, status, detail, code, retryable, error: title, ...extras }
}

/** The same, to be thrown. Its message is the detail. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code: ProblemCode
  readonly problem: Problem

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail)
    this.code = code
    this.problem = problem(code, detail, extras)
  }
}
