import type { Job, NewJob } from '@skyclaw/protocol'
import type { Http } from './http.ts'

/** Enqueues a shell job whose command matters to nobody, and answers it. */
export async function enqueue(http: Http, options: Partial<NewJob> = {}): Promise<Job> {
  const body: NewJob = { payload: { kind: 'shell', command: 'true' }, ...options }
  return (await http.must('enqueueJob', { body })).job
}

export async function readJob(http: Http, id: string): Promise<Job> {
  return (await http.must('getJob', { params: { id }, query: {} })).job
}
