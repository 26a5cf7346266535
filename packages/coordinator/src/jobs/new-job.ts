import { checkPayload, type JobRecord, type NewJob, ProblemError } from '@skyclaw/protocol'
import { normaliseRequirement } from '../core/matching.ts'

const jobDefaults = { priority: 0, maxAttempts: 1, maxLeaseLosses: 3 } as const

export interface Birth {
  readonly id: string
  readonly now: number
  readonly sequence: number
  readonly bodyHash?: string | undefined
  /** The values of `secretEnv`, of which the payload then has the names only. */
  readonly sealedEnv?: string | undefined
  readonly retryOf?: string | undefined
}

/** The record of a new job. Throws `invalid_request`, naming the field, for what the schema alone cannot refuse. */
export function newJobRecord(input: NewJob, { id, now, sequence, ...birth }: Birth): JobRecord {
  const wrong = checkPayload(input.payload)
  if (wrong) throw new ProblemError('invalid_request', wrong.detail, { field: wrong.field })
  const { requirement, key } = normaliseRequirement(input.requirement, input.payload)
  return {
    kind: 'job',
    id,
    createdAt: now,
    updatedAt: now,
    sequence,
    status: 'queued',
    priority: input.priority ?? jobDefaults.priority,
    runAt: input.runAt === undefined ? now : Math.max(0, Date.parse(input.runAt)),
    payload: input.payload,
    requirement,
    requirementKey: key,
    attempts: 0,
    failures: 0,
    maxAttempts: input.maxAttempts ?? jobDefaults.maxAttempts,
    leaseLosses: 0,
    maxLeaseLosses: input.maxLeaseLosses ?? jobDefaults.maxLeaseLosses,
    attemptHistory: [],
    ...(birth.sealedEnv !== undefined && { sealedEnv: birth.sealedEnv }),
    ...(birth.bodyHash !== undefined && { bodyHash: birth.bodyHash }),
    ...(birth.retryOf !== undefined && { retryOf: birth.retryOf }),
  }
}
