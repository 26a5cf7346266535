/**
 * How two coordinators show each other that they know the token, without sending it. Whoever asks has a URL that somebody named: if
 * it sent its token there, anybody could have it by naming a URL of his own. So the asker sends a proof that it knows the token, and whoever
 * serves that URL answers with another one, and with who it is. Each proof is an HMAC-SHA256 (RFC 2104) under the token, over a text
 * that begins with its purpose, so that neither passes for the other, and ends with the URL, so that nobody can pass a challenge on
 * to the coordinator that he wants to be taken for: that one answers for its own URL only.
 */
import { type BodyOf, ProblemError, type ResponseOf, type Routes } from '@skyclaw/protocol'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type Challenge = BodyOf<Routes['challengeMember']>
export type ChallengeAnswer = ResponseOf<Routes['challengeMember']>

/** Who answers. */
export interface Challengee {
  readonly nodeId: string
  readonly instance: string
  readonly boot: string
  /** Its public URL; empty while it has none. */
  readonly url: string
}

const nonceBytes = 32

/** A new challenge to whoever serves a URL. Without a token the key is empty. */
export function createChallenge(token: string | undefined, url: string): Challenge {
  const nonce = randomBytes(nonceBytes).toString('hex')
  return { url, nonce, proof: proofOf(token, ['skyclaw challenge', nonce, url]) }
}

/**
 * Throws a ProblemError: `unauthorized` when the asker does not know the token, in the same time whatever its proof; `url_unverified` when
 * the URL is not that of the coordinator that was asked. Who does not know the token does not learn which URL is right.
 */
export function answerChallenge(
  token: string | undefined,
  { url, nonce, proof }: Challenge,
  { url: own, ...self }: Challengee,
): ChallengeAnswer {
  if (!isSame(proof, proofOf(token, ['skyclaw challenge', nonce, url]))) {
    throw new ProblemError('unauthorized', 'the proof is not one that a coordinator with the same token would give')
  }
  if (own === '' || withoutSlash(own) !== withoutSlash(url)) {
    const detail = `this coordinator, ${self.nodeId}, does not serve ${url}: its public URL is ${own || 'not known yet'}`
    throw new ProblemError('url_unverified', detail, { field: 'url' })
  }
  const { nodeId, instance, boot } = self
  return { nodeId, instance, boot, proof: answerProof(token, nonce, { instance, boot }, url) }
}

/** Whether an answer comes from somebody who knows the token, and is meant for this challenge. */
export function isRightAnswer(token: string | undefined, { nonce, url }: Challenge, answer: ChallengeAnswer): boolean {
  return isSame(answer.proof, answerProof(token, nonce, answer, url))
}

/** URLs are compared as they were given to people, but for what is written in two ways. */
function withoutSlash(url: string): string {
  return (URL.parse(url)?.href ?? url).replace(/\/+$/, '')
}

function answerProof(
  token: string | undefined,
  nonce: string,
  { instance, boot }: Pick<Challengee, 'instance' | 'boot'>,
  url: string,
): string {
  return proofOf(token, ['skyclaw answer', nonce, instance, boot, url])
}

function proofOf(token: string | undefined, lines: readonly string[]): string {
  return createHmac('sha256', token ?? '')
    .update(lines.join('\n'))
    .digest('hex')
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
