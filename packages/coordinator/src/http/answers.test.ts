import { createTurns, openStore } from '@skyclaw/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Answers } from './answers.ts'

const clock = { now: () => 1_000, monotonic: () => 0 }
const request = { scope: 'cancelJob {"id":"a"}', key: 'k', body: { reason: 'r' } }

let store: ReturnType<typeof openStore>
beforeEach(() => void (store = openStore({ path: ':memory:' })))
afterEach(() => store.close())

function answers(maxWaiting = 10, schedule: (run: () => void) => void = setImmediate) {
  const turns = createTurns(store, {
    maxWaiting,
    schedule,
    onFatal: (error) => {
      throw error
    },
  })
  return { turns, answers: new Answers({ store, turns, clock, ttlMs: 60_000 }) }
}

test('a request that was done is answered also when its answer cannot be kept, and its repeat runs it again', async () => {
  let runs = 0
  const run = async () => ({ runs: (runs += 1) })
  const waiting: (() => void)[] = []
  const { turns, answers: full } = answers(1, (next) => void waiting.push(next))
  const taken = turns.run(() => 'the only place')
  expect(await full.once(request, run)).toEqual({ runs: 1 })
  for (const next of waiting) next()
  await taken
  await turns.close()
  expect(await full.once(request, run)).toEqual({ runs: 2 })
})

test('a repeat while the first is under way shares its failure, and the next one is tried anew', async () => {
  const { answers: all } = answers()
  const first = Promise.withResolvers<never>()
  const both = [all.once(request, () => first.promise), all.once(request, async () => 'not run')]
  first.reject(new Error('no quorum'))
  expect(await Promise.allSettled(both)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(await all.once(request, async () => 'now')).toBe('now')
})

test('answers are pruned when their time is over, all of them', async () => {
  const { answers: all } = answers(10_000)
  const keys = Array.from({ length: 2_500 }, (_, index) => `${index}`)
  await Promise.all(keys.map((key) => all.once({ ...request, key }, async () => key)))
  const later = new Answers({
    store,
    turns: answers().turns,
    clock: { ...clock, now: () => 61_001 },
    ttlMs: 60_000,
  })
  await later.prune()
  expect(store.sqlite.prepare('select count(*) from answers').pluck().get()).toBe(0)
})
