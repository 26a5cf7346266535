import { createClient, type SkyclawClient } from '@skyclaw/client'
import { limits, type ResponseOf, type Routes } from '@skyclaw/protocol'
import { Queue } from 'bullmq'
import { etcdCountPath } from './etcd.ts'
import { token } from './skyclaw.ts'

type Page = ResponseOf<Routes['listJobs']>
type Status = 'queued' | 'completed'

const settleMs = 10_000
const pollMs = 100

/** The jobs of a status that a coordinator knows, once as many are there as all others said they took, or the time is up. */
export async function countSkyclawJobs(url: string, status: Status, expected: number): Promise<number> {
  const client = createClient({ coordinators: [url], token, learn: false })
  const deadline = performance.now() + settleMs
  try {
    for (;;) {
      const found = await countOnce(client, status)
      if (found >= expected || performance.now() > deadline) return found
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  } finally {
    await client.close()
  }
}

async function countOnce(client: SkyclawClient, status: Status): Promise<number> {
  let found = 0
  let from: { cursor: string } | undefined
  do {
    const page: Page = await client.call('listJobs', { query: { status, limit: limits.pageMax, ...from } })
    found += page.jobs.length
    from = page.nextCursor === undefined ? undefined : { cursor: page.nextCursor }
  } while (from)
  return found
}

/** The jobs of a state in BullMQ's queue. */
export async function countBullmqJobs(port: number, state: 'waiting' | 'completed'): Promise<number> {
  const queue = new Queue('bench', { connection: { port, host: '127.0.0.1' } })
  try {
    return (await queue.getJobCounts(state))[state] ?? 0
  } finally {
    await queue.close()
  }
}

/** The keys in etcd that begin with a prefix of one character or more. */
export async function countEtcdKeys(url: string, prefix: string): Promise<number> {
  const next = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
  const body = JSON.stringify({ key: btoa(prefix), range_end: btoa(next), count_only: true })
  const answer = await fetch(`${url}${etcdCountPath}`, { method: 'POST', body })
  return Number(((await answer.json()) as { count?: string }).count ?? 0)
}
