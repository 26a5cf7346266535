import type { BatchItem, BatchResult, NewJob } from '@skyclaw/protocol'
import { resend, type Stage } from './resend.ts'

export interface Orders {
  /** New jobs that may still be made; with none left, enqueuers repeat what they have sent before. */
  left: number
  /** Jobs without a key whose request was not answered: they may have been made or not. */
  keylessUnanswered: number
}

type Enqueuer = (stage: Stage, orders: Orders, stop: AbortSignal) => Promise<void>

/** Requests that each enqueuer remembers, to send them again. */
const remembered = 40

/** Share of jobs without an idempotency key: sent once, they may or may not have been made. */
const keylessShare = 0.1

/** Enqueues single jobs until it is told to stop, most with an idempotency key. */
export const enqueueSingly: Enqueuer = async (stage, orders, stop) => {
  const { dice, witness, http } = stage
  const made: { key: string; body: NewJob }[] = []
  while (!stop.aborted && !stage.signal.aborted) {
    if (orders.left > 0 && dice.chance(keylessShare)) {
      orders.left -= 1
      const body = newJob(stage)
      const sentAt = witness.now()
      const answer = await http.call('enqueueJob', { body, signal: stage.signal }).catch(() => undefined)
      if (answer?.ok) witness.acknowledged(tagOf(body), answer.body.job, sentAt)
      else orders.keylessUnanswered += 1
      continue
    }
    const isNew = made.length === 0 || (orders.left > 0 && dice.chance(0.5))
    const request = isNew ? { key: dice.name(), body: newJob(stage) } : dice.pick(made)!
    if (isNew) {
      orders.left -= 1
      made.splice(0, made.length - remembered + 1)
      made.push(request)
    }
    const sent = await resend(stage, 'enqueueJob', request)
    if (sent?.answer.ok) witness.acknowledged(tagOf(request.body), sent.answer.body.job, sent.sentAt)
  }
}

/** Enqueues batches until it is told to stop, under one key or with a key for each job. */
export const enqueueBatches: Enqueuer = async (stage, orders, stop) => {
  const { dice, witness } = stage
  const made: { key: string; body: { jobs: BatchItem[] } }[] = []
  while (!stop.aborted && !stage.signal.aborted) {
    const isNew = made.length === 0 || (orders.left > 0 && dice.chance(0.5))
    const request = isNew ? { key: dice.name(), body: { jobs: newBatch(stage) } } : dice.pick(made)!
    const items = request.body.jobs
    if (isNew) {
      orders.left -= items.length
      made.splice(0, made.length - remembered + 1)
      made.push(request)
    }
    const sent = await resend(stage, 'enqueueBatch', request, [], isWhole)
    if (!sent?.answer.ok) continue
    const { results } = sent.answer.body
    if (results.length !== items.length) witness.violate('a batch has another number of results than jobs', results)
    for (const [index, item] of items.entries()) {
      const { job, problem } = results[index] ?? {}
      if (job) witness.acknowledged(tagOf(item), job, sent.sentAt)
      else witness.violate('a job of a batch was refused', problem)
    }
  }
}

/** Of a batch some jobs may find their quorum and others not. */
const isWhole = ({ results }: { results: readonly BatchResult[] }): boolean =>
  results.every(({ problem }) => !problem?.retryable)

function newBatch(stage: Stage): BatchItem[] {
  const { dice } = stage
  const ownKeys = dice.chance(0.5)
  return Array.from({ length: dice.int(1, 5) }, () => ({
    ...newJob(stage),
    ...(ownKeys && { idempotencyKey: dice.name() }),
  }))
}

function newJob({ dice }: Stage): NewJob {
  return {
    payload: { kind: 'shell', command: 'work', args: [dice.name()] },
    ...(dice.chance(0.2) && { requirement: { requiredCapabilities: ['gpu'] } }),
    ...(dice.chance(0.1) && { runAt: new Date(Date.now() + dice.int(0, 1_000)).toISOString() }),
    priority: dice.int(-3, 3),
    maxAttempts: dice.int(1, 3),
    maxLeaseLosses: dice.int(1, 3),
  }
}

const tagOf = ({ payload }: NewJob): string => payload.args?.[0] ?? ''
