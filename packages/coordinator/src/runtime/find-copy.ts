import { limits, type MemberNews, wireVersion } from '@skyclaw/protocol'
import type { GossipAnswer, GossipRequest } from '../network/membership.ts'
import { judgeInstance, type Testimony, type Verdict } from '../network/witness.ts'
import { challengeAt } from './challenge-call.ts'
import { PeerClient } from './peer-client.ts'
import { Traffic } from './traffic.ts'

/** All of it takes no longer than this, whoever does not answer. */
const witnessTimeoutMs = 1_500

/** Coordinators that are asked at most, and how many of them are members rather than bootstrap peers, if there are more of these too. */
const maxWitnesses = 8
const maxMembers = maxWitnesses / 2

export interface FindCopyOptions {
  readonly self: MemberNews
  /** Its latest turn, asked for when all have answered: one that runs may have gone on meanwhile, and the others have seen it. */
  readonly turn: () => number
  /** Where others may be who know this instance. */
  readonly urls: readonly string[]
  /** Those of them that an operator named; at the others it is made sure first that a coordinator is there. */
  readonly configured: readonly string[]
  /** Where others say that this instance is: asked for that alone. */
  readonly claimed?: readonly string[]
  readonly token: string | undefined
}

/**
 * Asks other coordinators whether this one must not go on under its instance id: because its database is the copy of another that is
 * ahead of it or still running, or because they were told to forget it. Those who do not answer in time bear no witness.
 */
export async function findCopy({
  self,
  turn,
  urls,
  configured,
  claimed = [],
  token,
}: FindCopyOptions): Promise<Verdict | undefined> {
  const deadline = performance.now() + witnessTimeoutMs
  const request: GossipRequest = { version: wireVersion, self, members: [], hosts: [] }
  const body = JSON.stringify(request)
  const traffic = new Traffic()
  const left = () => Math.max(1, Math.ceil(deadline - performance.now()))
  const ask = async (url: string): Promise<GossipAnswer> => {
    const client = new PeerClient(url, token, traffic)
    try {
      return await client.call('gossip', { body, timeoutMs: left(), maxAnswerBytes: limits.largeBodyBytes })
    } finally {
      await client.close()
    }
  }
  // A URL that somebody named gets a challenge, and not the token.
  const challenge = (url: string) => challengeAt(url, { token, timeoutMs: left(), traffic })
  const testify = async (url: string): Promise<Testimony> => {
    if (!configured.includes(url)) await challenge(url)
    const { self: witness, seen } = await ask(url)
    if (seen.url === undefined || witness.instance === self.instance) return { url, seen, there: witness }
    const there = await challenge(seen.url).catch(() => undefined)
    return { url, seen, ...(there && { there }) }
  }
  const look = async (url: string): Promise<Testimony> => {
    return { url, seen: { known: false, turn: 0 }, there: await challenge(url) }
  }
  const heard = await Promise.allSettled([
    ...urls.slice(0, maxWitnesses).map((url) => testify(url)),
    ...claimed.map((url) => look(url)),
  ])
  return judgeInstance(
    { ...self, turn: turn() },
    heard.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  )
}

/** Whom to ask: some of the members, those who were heard last first, and bootstrap peers. */
export function chooseWitnesses(peerUrls: readonly string[], members: readonly string[]): string[] {
  const chosen = [...members.slice(0, maxMembers), ...peerUrls, ...members.slice(maxMembers)]
  return [...new Set(chosen)].filter((url) => URL.canParse(url)).slice(0, maxWitnesses)
}
