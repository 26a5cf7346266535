import type { Handlers } from '../http/handler.ts'
import { completeMany } from '../jobs/complete-many.ts'
import { explainJob } from '../jobs/explain-job.ts'

type JobRoutes = Pick<
  Handlers,
  | 'enqueueJob'
  | 'enqueueBatch'
  | 'getJob'
  | 'listJobs'
  | 'completeJob'
  | 'completeJobs'
  | 'releaseJob'
  | 'cancelJob'
  | 'retryJob'
  | 'explainJob'
>

export const jobRoutes: JobRoutes = {
  enqueueJob: async ({ queue }, { body, idempotencyKey }) => queue.enqueue(body, idempotencyKey),

  enqueueBatch: async ({ queue }, { body, idempotencyKey }) => ({
    results: await queue.enqueueBatch(body.jobs, idempotencyKey),
  }),

  getJob: async ({ queue, waits }, { params, query, signal }) => {
    const record = await waits.wait(() => queue.record(params.id), query.waitMs ?? 0, signal)
    return { job: await queue.view(record) }
  },

  listJobs: async ({ queue }, { query }) => queue.list({ ...query, limit: query.limit! }),

  completeJob: async ({ queue, hosts }, { params, body }) => {
    await hosts.heardFrom(body.hostId)
    return { job: await queue.complete(params.id, body) }
  },

  completeJobs: async (context, { body }) => ({ results: await completeMany(context, body.reports) }),

  releaseJob: async ({ queue, hosts }, { params, body }) => {
    await hosts.heardFrom(body.hostId)
    return { job: await queue.release(params.id, body) }
  },

  cancelJob: async ({ queue }, { params, body }) => ({ job: await queue.cancel(params.id, body.reason) }),

  retryJob: async ({ queue }, { params, idempotencyKey }) => queue.retry(params.id, idempotencyKey),

  explainJob: async (context, { params }) => explainJob(context, params.id),
}
