import type { ProblemError } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import type { Context } from '../context.ts'
import type { Peer } from '../network/membership.ts'
import { forgetMember } from './forget.ts'

const peer: Peer = {
  ...{ instance: 'instance-b', nodeId: 'b', url: 'http://b', version: '1', wire: { min: 1, max: 1 }, incarnation: 1 },
  ...{ state: 'dead', since: 0, ready: true, verified: true, usable: false, knowsUs: false },
}

interface Situation {
  peer: Peer
  ready: boolean
  /** Others that live and have caught up. */
  live: number
  minimum: number
  /** Whether it answers when it is asked. */
  answers: boolean
  countStranded: (mayReturn: (instance: string) => boolean) => Promise<number>
}

/** A context that has no more than a forgetting asks of it, and what was done. */
function contextOf(more: Partial<Situation> = {}) {
  const now: Situation = {
    peer,
    ready: true,
    live: 1,
    minimum: 2,
    answers: false,
    countStranded: async () => 0,
    ...more,
  }
  const done: string[] = []
  const others = (count: number) => Array.from({ length: count }, (_, at) => `instance-${at}`)
  const context = {
    options: { nodeId: 'a' },
    instance: 'instance-a',
    clock: { monotonic: () => 1_000 },
    mesh: { mesh: { status: () => ({ ready: now.ready }) } },
    network: {
      membership: {
        peers: () => [now.peer],
        answerProbe: (_from: string, _target: string, _now: number, tell: (reached: boolean) => void) =>
          tell(now.answers),
        peer: (instance: string) => (instance === now.peer.instance ? now.peer : undefined),
      },
      members: () => [
        { instance: now.peer.instance, alive: false, ready: true, forgotten: now.peer.state === 'forgotten' },
        ...others(now.live).map((instance) => ({ instance, alive: true, ready: true })),
      ],
      forget: async (instance: string) => void done.push(`forget ${instance}`),
    },
    ledger: {
      durability: { minimum: now.minimum },
      countStranded: (_keeper: string, mayReturn: (instance: string) => boolean) => now.countStranded(mayReturn),
      adoptStranded: async () => done.push('adopt') && 3,
    },
  }
  return { context: context as unknown as Context, now, done }
}

const problemOf = (attempt: Promise<unknown>): Promise<ProblemError> =>
  attempt.then(
    () => expect.fail('it was not refused'),
    (error: ProblemError) => error,
  )

test('what would be lost is counted without the one that is to be forgotten, and with all others that may return', async () => {
  const asked: boolean[] = []
  const countStranded = async (mayReturn: (instance: string) => boolean) => {
    for (const instance of ['instance-a', 'instance-0', 'instance-b', 'unknown']) asked.push(mayReturn(instance))
    return 0
  }
  const { context, done } = contextOf({ countStranded })
  expect(await forgetMember(context, { node: 'b' })).toMatchObject({ adopted: 0 })
  expect(asked).toEqual([true, true, false, false])
  expect(done).toEqual(['forget instance-b'])
})

test('a forgetting is refused while one is under way, and not afterwards', async () => {
  const counted = Promise.withResolvers<number>()
  const { context, done } = contextOf({ countStranded: () => counted.promise })
  const first = forgetMember(context, { node: 'b' })
  expect(await problemOf(forgetMember(context, { node: 'b' }))).toMatchObject({ code: 'too_busy' })
  counted.resolve(0)
  await first
  await forgetMember(context, { node: 'b' })
  expect(done).toEqual(['forget instance-b', 'forget instance-b'])
})

test('a coordinator that returned while the records were counted is not forgotten', async () => {
  const { context, now, done } = contextOf()
  now.countStranded = async () => {
    now.peer = { ...peer, state: 'alive', usable: true }
    return 0
  }
  expect(await problemOf(forgetMember(context, { node: 'b' }))).toMatchObject({ code: 'member_alive' })
  expect(done).toEqual([])
})

test('one that is taken for dead, and answers when it is asked, is not forgotten', async () => {
  const { context, done } = contextOf({ answers: true })
  const { code, message } = await problemOf(forgetMember(context, { node: 'b', acceptLoss: true }))
  expect({ code, message }).toEqual({
    code: 'member_alive',
    message: 'b (instance instance-b) answers at http://b: stop it first',
  })
  expect(done).toEqual([])
})

test('a coordinator that has not caught up forgets nobody', async () => {
  const { context, done } = contextOf({ ready: false })
  const { code, problem } = await problemOf(forgetMember(context, { node: 'b', acceptLoss: true }))
  expect({ code, retryable: problem.retryable }).toEqual({ code: 'insufficient_replicas', retryable: true })
  expect(done).toEqual([])
})

test('nothing is forgotten at the price of records, or while too few live to take them over, or without need', async () => {
  const risk = contextOf({ countStranded: async () => 1 })
  const { code, message } = await problemOf(forgetMember(risk.context, { node: 'b' }))
  expect(code).toBe('records_at_risk')
  expect(message).toMatch(/^1 record has no quorum without b \(instance instance-b\).*: start it again, or repeat/)
  expect(risk.done).toEqual([])
  const alone = contextOf({ countStranded: async () => 1, live: 0 })
  expect(await problemOf(forgetMember(alone.context, { node: 'b', acceptLoss: true }))).toMatchObject({
    code: 'insufficient_replicas',
    message: expect.stringContaining('SKYCLAW_MIN_REPLICATIONS=1'),
  })
  expect(alone.done).toEqual([])
  expect(await forgetMember(risk.context, { node: 'b', acceptLoss: true })).toMatchObject({ adopted: 3 })
  expect(risk.done).toEqual(['forget instance-b', 'adopt'])
})

test('a forgetting that was interrupted is repeated: nobody is told to start again what was forgotten', async () => {
  const { context, done } = contextOf({ peer: { ...peer, state: 'forgotten' }, countStranded: async () => 2 })
  const { code, message } = await problemOf(forgetMember(context, { node: 'b' }))
  expect(code).toBe('records_at_risk')
  expect(message).not.toContain('start it again')
  expect(await forgetMember(context, { node: 'b', acceptLoss: true })).toMatchObject({ adopted: 3 })
  expect(done).toEqual(['forget instance-b', 'adopt'])
})
