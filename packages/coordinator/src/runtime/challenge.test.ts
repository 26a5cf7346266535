import { routes } from '@skyclaw/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { createCheck } from '../http/validator.ts'
import { answerChallenge, createChallenge, isRightAnswer } from './challenge.ts'

const compared = vi.hoisted(() => [] as [Uint8Array, Uint8Array][])
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const timingSafeEqual = (a: Uint8Array, b: Uint8Array) => {
    compared.push([a, b])
    return crypto.timingSafeEqual(a, b)
  }
  return { ...crypto, timingSafeEqual }
})
afterEach(() => void (compared.length = 0))

const url = 'http://10.0.0.1:8787/skyclaw'
const self = { nodeId: 'a', instance: 'instance-a', boot: 'boot-a', url }
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return 'none'
}

test.each([['token'], [undefined]])(
  'with the token %s, who serves a URL shows that it does, and who it is',
  (token) => {
    const challenge = createChallenge(token, url)
    createCheck(routes.challengeMember.body, 'challenge')(challenge)
    const answer = answerChallenge(token, challenge, self)
    createCheck(routes.challengeMember.response, 'answer')(answer)
    expect(answer).toMatchObject({ nodeId: 'a', instance: 'instance-a', boot: 'boot-a' })
    expect(isRightAnswer(token, challenge, answer)).toBe(true)
  },
)

test('what goes over the wire holds no token', () => {
  const token = 'a-long-secret-token'
  const challenge = createChallenge(token, url)
  expect(JSON.stringify([challenge, answerChallenge(token, challenge, self)])).not.toContain(token)
})

test('a challenge of one who does not know the token is refused, whatever else about it is right or wrong', () => {
  const right = createChallenge('token', url)
  const wrong = [
    createChallenge('other', url),
    createChallenge(undefined, url),
    createChallenge('other', 'http://elsewhere'),
    { ...right, nonce: createChallenge('token', url).nonce },
    { ...right, url: `${url}/` },
    { ...right, proof: right.proof.slice(0, 63) },
    { ...right, proof: `${right.proof.slice(0, 63)}${right.proof.endsWith('0') ? '1' : '0'}` },
  ]
  for (const challenge of wrong) expect(codeOf(() => answerChallenge('token', challenge, self))).toBe('unauthorized')
})

test('nobody answers for the URL of another, and without a URL of its own for none', () => {
  const challenge = createChallenge('token', url)
  for (const own of ['http://10.0.0.1:8787', 'http://10.0.0.2:8787/skyclaw', '']) {
    expect(codeOf(() => answerChallenge('token', challenge, { ...self, url: own }))).toBe('url_unverified')
  }
})

test('a URL is the same with a slash at its end, a default port, or letters of another case in its host', () => {
  for (const [own, named] of [
    ['http://a.example', 'http://a.example/'],
    ['http://a.example', 'http://A.example:80'],
    ['https://a.example/x/', 'https://a.example:443/x'],
  ] as const) {
    const challenge = createChallenge('token', named)
    const answer = answerChallenge('token', challenge, { ...self, url: own })
    expect(isRightAnswer('token', challenge, answer)).toBe(true)
  }
})

test('an answer passes only under its token, for its challenge, and for the process that gave it', () => {
  const challenge = createChallenge('token', url)
  const answer = answerChallenge('token', challenge, self)
  expect(isRightAnswer('other', challenge, answer)).toBe(false)
  expect(isRightAnswer('token', createChallenge('token', url), answer)).toBe(false)
  expect(isRightAnswer('token', { ...challenge, url: 'http://elsewhere' }, answer)).toBe(false)
  expect(isRightAnswer('token', challenge, { ...answer, instance: 'another' })).toBe(false)
  expect(isRightAnswer('token', challenge, { ...answer, boot: 'another' })).toBe(false)
  // Who got a challenge cannot give its own proof back for an answer.
  expect(isRightAnswer('token', challenge, { ...answer, proof: challenge.proof })).toBe(false)
})

test('proofs are compared in a time that does not tell how much of them is right', () => {
  const challenge = createChallenge('token', url)
  const { proof } = challenge
  for (const given of [proof, `f${proof.slice(1)}`, `${proof.slice(0, 63)}f`]) {
    codeOf(() => answerChallenge('token', { ...challenge, proof: given }, self))
  }
  expect(compared.map((pair) => pair.map(({ length }) => length))).toEqual([
    [64, 64],
    [64, 64],
    [64, 64],
  ])
})
