import { limits, type MemberNews, wireVersion } from '@skyclaw/protocol'
import { judgeCopy, type Testimony } from '../network/witness.ts'
import type { GossipAnswer, GossipRequest } from './gossip.ts'
import { PeerClient } from './peer-client.ts'
import { Traffic } from './traffic.ts'

/** All of it takes no longer than this, whoever does not answer. */
const witnessTimeoutMs = 1_500

export interface FindCopyOptions {
  readonly self: MemberNews
  /** Its latest turn, asked for when all have answered: one that runs may have gone on meanwhile, and the others have seen it. */
  readonly turn: () => number
  readonly peerUrls: readonly string[]
  readonly token: string | undefined
}

/**
 * Asks the other coordinators whether this database is the copy of another that is ahead of it or still running. Answers the reason as
 * part of a sentence, or undefined when nobody knows of any. Those who do not answer in time bear no witness.
 */
export async function findCopy({ self, turn, peerUrls, token }: FindCopyOptions): Promise<string | undefined> {
  const deadline = performance.now() + witnessTimeoutMs
  const body = JSON.stringify({ version: wireVersion, self, hosts: [] } satisfies GossipRequest)
  const ask = async (url: string): Promise<GossipAnswer> => {
    const client = new PeerClient(url, token, new Traffic())
    const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()))
    try {
      return await client.call('gossip', { body, timeoutMs, maxAnswerBytes: limits.largeBodyBytes })
    } finally {
      await client.close()
    }
  }
  const testify = async (url: string): Promise<Testimony> => {
    const { self: witness, seen } = await ask(url)
    if (seen.url === undefined || witness.instance === self.instance) return { url, seen, there: witness }
    const there = await ask(seen.url).catch(() => undefined)
    return { url, seen, ...(there && { there: there.self }) }
  }
  const heard = await Promise.allSettled(peerUrls.map((url) => testify(url)))
  return judgeCopy(
    { ...self, turn: turn() },
    heard.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  )
}
