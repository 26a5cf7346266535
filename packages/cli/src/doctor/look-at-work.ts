import type { SkyclawClient } from '@skyclaw/client'
import { type Host, type Job, limits } from '@skyclaw/protocol'

/** What waits, and who could do it, as one coordinator knows it. */
export interface Work {
  readonly hosts: readonly Host[]
  /** Queued jobs, the newest ones when there are many. */
  readonly queued: readonly Job[]
}

/** Milliseconds that the coordinator has for each answer. */
const answerMs = 3_000

/** Undefined when it does not answer, or knows more hosts than one page holds. Never rejects. */
export async function lookAtWork(client: SkyclawClient): Promise<Work | undefined> {
  const page = { limit: limits.pageMax }
  try {
    const { hosts, nextCursor } = await client.hosts.list(page, { timeoutMs: answerMs })
    if (nextCursor !== undefined) return undefined
    const { jobs } = await client.jobs.list({ ...page, status: 'queued' }, { timeoutMs: answerMs })
    return { hosts, queued: jobs }
  } catch {
    // Why it does not answer is told of the coordinators.
    return undefined
  }
}
