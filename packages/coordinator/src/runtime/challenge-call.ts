import { limits } from '@skyclaw/protocol'
import type { Challenged } from '../network/membership.ts'
import { createChallenge, isRightAnswer } from './challenge.ts'
import { PeerClient } from './peer-client.ts'
import { PeerError } from './peer-error.ts'
import type { Traffic } from './traffic.ts'

export interface ChallengeCallOptions {
  readonly token: string | undefined
  readonly timeoutMs: number
  readonly traffic: Traffic
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/**
 * Challenges whoever is at a URL that somebody named: over a connection of its own, which ends with it, and without sending the token,
 * since nobody knows who is there. Rejects with a PeerError, also when the answer proves nothing.
 */
export async function challengeAt(
  url: string,
  { token, timeoutMs, traffic, signal }: ChallengeCallOptions,
): Promise<Challenged> {
  const protocol = URL.parse(url)?.protocol
  if (protocol !== 'http:' && protocol !== 'https:') throw new PeerError('malformed', 'is no http or https URL')
  const challenge = createChallenge(token, url)
  const body = JSON.stringify(challenge)
  traffic.count('challenge', Buffer.byteLength(body))
  const client = new PeerClient(url, undefined, traffic)
  try {
    const call = { body, timeoutMs, maxAnswerBytes: limits.smallBodyBytes, ...(signal && { signal }) }
    const answer = await client.call('challengeMember', call)
    if (!isRightAnswer(token, challenge, answer)) {
      throw new PeerError('malformed', 'answered a challenge without knowing the token')
    }
    const { instance, nodeId, boot } = answer
    return { instance, nodeId, boot }
  } finally {
    await client.close()
  }
}
