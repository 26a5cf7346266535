import {
  type BatchItem,
  type BatchResult,
  type BodyOf,
  type EnqueueAnswer,
  type Host,
  type HostRecord,
  Id,
  IdempotencyKey,
  type Job,
  type NewJob,
  ProblemError,
  type QueryOf,
  type ResponseOf,
  type Routes,
  routes,
} from '@skyclaw/protocol'
import type { Context } from './context.ts'
import { explainJob } from './jobs/explain-job.ts'
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
    /** Enqueues a job that has ended once more, as a new one; with an idempotency key, at most once. */
    retry(id: string, idempotencyKey?: string): Promise<EnqueueAnswer>
    /** Why a job does not run: in a sentence, and for each known host. */
    explain(id: string): Promise<ResponseOf<Routes['explainJob']>>
  }
  readonly hosts: {
    list(page?: QueryOf<Routes['listHosts']>): Promise<{ hosts: Host[]; nextCursor?: string }>
    get(id: string): Promise<Host>
    /** Has a host take no more jobs until it is resumed; what runs goes on. */
    pause(id: string): Promise<Host>
    /** Has a host that was paused or drained take jobs again. */
    resume(id: string): Promise<Host>
    /** Has a host finish what it runs and take nothing more; with a deadline, in milliseconds, hand back what runs then. */
    drain(id: string, options?: BodyOf<Routes['drainHost']>): Promise<Host>
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
    drain: createCheck(routes.drainHost.body, 'options'),
    id: createCheck(Id, 'id'),
    key: createCheck(IdempotencyKey, 'idempotencyKey'),
  }
  const answer = async <T>(run: () => Promise<T>): Promise<T> => {
    if (context.closing) {
      throw new ProblemError('shutting_down', 'the coordinator is closing', { outcome: 'not_applied' })
    }
    return run()
  }
  const view = (record: Promise<HostRecord>) => record.then((host) => hosts.view(host))
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
      retry: (id, key) => answer(() => queue.retry(checked(checks.id, id), checkKey(key))),
      explain: (id) => answer(() => explainJob(context, checked(checks.id, id))),
    },
    hosts: {
      list: (page = {}) =>
        answer(() => {
          const { limit, ...rest } = checked(checks.hosts, page)
          return hosts.list({ ...rest, limit: limit! })
        }),
      get: (id) => answer(() => view(hosts.record(checked(checks.id, id)))),
      pause: (id) => answer(() => view(hosts.pause(checked(checks.id, id)))),
      resume: (id) => answer(() => view(hosts.resume(checked(checks.id, id)))),
      drain: (id, given = {}) =>
        answer(() => view(hosts.drain(checked(checks.id, id), checked(checks.drain, given).deadlineMs))),
    },
  }
}

/** The value as it would have travelled: what the caller does to its own object afterwards changes nothing. */
function checked<T>(check: Check, value: T): T {
  const copy = value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as T)
  check(copy)
  return copy as T
}
