import type { Job } from '@skyclaw/protocol'
import { resend, type Stage } from './resend.ts'
import type { Witness } from './witness.ts'

/** Cancels and reads jobs that are new until it is told to stop. */
export async function meddle(stage: Stage, stop: AbortSignal): Promise<void> {
  const { dice, witness } = stage
  while (!stop.aborted && !stage.signal.aborted) {
    const id = dice.pick(witness.recentIds)
    if (id === undefined) await listSome(stage)
    else if (dice.chance(0.15)) await cancel(stage, id)
    else if (dice.chance(0.1)) await listSome(stage)
    else await read(stage, id)
  }
}

async function cancel(stage: Stage, id: string): Promise<void> {
  const request = { params: { id }, body: { reason: 'chaos' }, key: stage.dice.name() }
  const sent = await resend(stage, 'cancelJob', request, ['job_terminal'])
  if (sent?.answer.ok) stage.witness.cancelled(sent.answer.body.job, sent.sentAt)
}

async function read(stage: Stage, id: string): Promise<void> {
  const sent = await resend(stage, 'getJob', { params: { id }, query: {} })
  if (sent?.answer.ok) stage.witness.read(sent.answer.body.job, sent.sentAt)
}

async function listSome(stage: Stage): Promise<void> {
  const status = stage.dice.pick(['queued', 'leased', 'completed'] as const)!
  const sent = await resend(stage, 'listJobs', { query: { status, limit: 20 } })
  if (sent?.answer.ok) for (const job of sent.answer.body.jobs) stage.witness.read(job, sent.sentAt)
}

/** Reads all jobs, page by page, and lets the witness compare them with everything it knows. */
export async function listAll(stage: Stage, witness: Witness): Promise<Job[]> {
  const startedAt = witness.now()
  const jobs: Job[] = []
  let cursor: string | undefined
  do {
    const query = { limit: 1_000, ...(cursor !== undefined && { cursor }) }
    const sent = await resend(stage, 'listJobs', { query })
    if (!sent?.answer.ok) throw new Error('the listing was ended')
    jobs.push(...sent.answer.body.jobs)
    cursor = sent.answer.body.nextCursor
  } while (cursor !== undefined)
  witness.sawAll(jobs, startedAt)
  return jobs
}
