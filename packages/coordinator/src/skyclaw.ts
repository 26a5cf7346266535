import {
  type BatchItem,
  type BatchResult,
  type EnqueueAnswer,
  type Host,
  Id,
  IdempotencyKey,
  type Job,
  type NewJob,
  ProblemError,
  type QueryOf,
  type Routes,
  routes,
} from '@skyclaw/protocol'
import type { Context } from './context.ts'
import { type Check, createCheck } from './http/validator.ts'

/**
 * What `app.skyclaw` offers in the server's own process: the API without HTTP. It takes what the API takes, checked by the same schemas,
 * and its methods reject with a ProblemError.
 */
export interface Skyclaw {
  readonly nodeId: string
  /** Whether it is the only one for now: it was given no other coordinator, and none has ever joined it. */
  readonly standalone: boolean
  readonly jobs: {
    /** With an idempotency key, at most once. */
    enqueue(job: NewJob, idempotencyKey?: string): Promise<EnqueueAnswer>
    /** Up to 1,000 jobs, each wholly or not at all; results in the order of the items. */
    enqueueBatch(jobs: readonly BatchItem[], idempotencyKey?: string): Promise<BatchResult[]>
    get(id: string): Promise<Job>
    /** Newest first, 100 unless `limit` says otherwise. */
    list(filter?: QueryOf<Routes['listJobs']>): Promise<{ jobs: Job[]; nextCursor?: string }>
    cancel(id: string, reason?: string): Promise<Job>
  }
  readonly hosts: {
    list(page?: QueryOf<Routes['listHosts']>): Promise<{ hosts: Host[]; nextCursor?: string }>
  }
}

export function createSkyclaw(context: Context): Skyclaw {
  const { options, queue, hosts, ledger } = context
  const checks = {
    enqueue: createCheck(routes.enqueueJob.body, 'job'),
    enqueueBatch: createCheck(routes.enqueueBatch.body, 'jobs'),
    list: createCheck(routes.listJobs.query, 'filter'),
    hosts: createCheck(routes.listHosts.query, 'page'),
    cancel: createCheck(routes.cancelJob.body, 'reason'),
    id: createCheck(Id, 'id'),
    key: createCheck(IdempotencyKey, 'idempotencyKey'),
  }
  const answer = async <T>(run: () => Promise<T>): Promise<T> => {
    if (context.closing) {
      throw new ProblemError('shutting_down', 'the coordinator is closing', { outcome: 'not_applied' })
    }
    return run()
  }
  const checkKey = (key: string | undefined) => (key === undefined ? undefined : checked(checks.key, key))
  return {
    nodeId: options.nodeId,
    get standalone() {
      return ledger.durability.standalone
    },
    jobs: {
      enqueue: (job, key) => answer(() => queue.enqueue(checked(checks.enqueue, job), checkKey(key))),
      enqueueBatch: (jobs, key) =>
        answer(() => queue.enqueueBatch(checked(checks.enqueueBatch, { jobs: [...jobs] }).jobs, checkKey(key))),
      get: (id) => answer(() => queue.get(checked(checks.id, id))),
      list: (filter = {}) =>
        answer(() => {
          const { limit, ...rest } = checked(checks.list, filter)
          return queue.list({ ...rest, limit: limit! })
        }),
      cancel: (id, reason) =>
        answer(() => queue.cancel(checked(checks.id, id), checked(checks.cancel, { reason }).reason)),
    },
    hosts: {
      list: (page = {}) =>
        answer(() => {
          const { limit, ...rest } = checked(checks.hosts, page)
          return hosts.list({ ...rest, limit: limit! })
        }),
    },
  }
}

/** The value as it would have travelled: what the caller does to its own object afterwards changes nothing. */
function checked<T>(check: Check, value: T): T {
  const copy = value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as T)
  check(copy)
  return copy as T
}
