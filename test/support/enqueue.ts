import { type Job, limits, type NewJob } from '@skyclaw/protocol'
import type { Http } from './http.ts'

/** Enqueues a shell job whose command matters to nobody, and answers it. */
export async function enqueue(http: Http, options: Partial<NewJob> = {}): Promise<Job> {
  const body: NewJob = { payload: { kind: 'shell', command: 'true' }, ...options }
  return (await http.must('enqueueJob', { body })).job
}

/** As many jobs at once, in batches as large as there are; resolves with their ids. */
export async function enqueueMany(http: Http, count: number, options: Partial<NewJob> = {}): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) {
    const jobs = Array.from({ length: Math.min(limits.batchJobs, count - ids.length) }, (_, index) => ({
      payload: { kind: 'shell' as const, command: 'echo', args: [String(ids.length + index)] },
      ...options,
    }))
    const { results } = await http.must('enqueueBatch', { body: { jobs } })
    for (const { job, problem } of results) {
      if (!job) throw new Error(`a job of a batch was refused: ${problem?.code}: ${problem?.detail}`)
      ids.push(job.id)
    }
  }
  return ids
}

export async function readJob(http: Http, id: string): Promise<Job> {
  return (await http.must('getJob', { params: { id }, query: {} })).job
}
