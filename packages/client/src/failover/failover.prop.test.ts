import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'
import {
  answered,
  createFailover,
  decide,
  failed,
  failoverDefaults,
  hasOther,
  replaceUrls,
  silent,
  startCall,
} from './failover.ts'

const urls = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const result = fc.record({
  ok: fc.boolean(),
  countsAgainst: fc.boolean(),
  exclude: fc.boolean(),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  tookMs: fc.integer({ min: 0, max: 3_000 }),
})

interface Result {
  ok: boolean
  countsAgainst: boolean
  exclude: boolean
  retryAfterMs?: number | undefined
  tookMs: number
}

const succeeds: Result = { ok: true, countsAgainst: false, exclude: false, tookMs: 0 }

/** Runs one call by the decisions of the policy, and returns what it did. */
function play(
  failover: ReturnType<typeof createFailover>,
  start: number,
  timeoutMs: number,
  results: Result[],
  random: number,
) {
  const call = startCall(start + timeoutMs)
  const asked: { url: string; at: number; round: number }[] = []
  let now = start
  let turn = 0
  for (let step = 0; step < 10_000; step++) {
    const decision = decide(failover, call, now, random)
    if (decision.kind === 'give-up') return { asked, end: 'gave up' as const, now, call }
    if (decision.kind === 'wait') {
      if (decision.until <= now || decision.until >= call.deadline) throw new Error('a wait that is of no use')
      now = decision.until
      continue
    }
    asked.push({ url: decision.url, at: now, round: call.rounds })
    const outcome = results[turn++ % results.length] ?? succeeds
    now += outcome.tookMs
    if (outcome.ok) {
      answered(failover, decision.url)
      return { asked, end: 'answered' as const, now, call }
    }
    failed(failover, call, decision.url, now, {
      countsAgainst: outcome.countsAgainst,
      exclude: outcome.exclude,
      ...(outcome.retryAfterMs !== undefined && { retryAfterMs: outcome.retryAfterMs }),
    })
  }
  throw new Error('the call does not end')
}

const calls = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 30_000 }), results: fc.array(result, { minLength: 1, maxLength: 8 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
)

describe('failover', () => {
  test('every call asks at least one coordinator, ends, and never asks one twice in a round', () => {
    fc.assert(
      fc.property(urls, calls, fraction, (list, sequence, random) => {
        const failover = createFailover(list, failoverDefaults)
        let now = 1
        for (const { gapMs, results } of sequence) {
          const played = play(failover, now + gapMs, 10_000, results, random)
          now = played.now
          expect(played.asked.length).toBeGreaterThan(0)
          const inRounds = played.asked.map(({ url, round }) => `${round} ${url}`)
          expect(new Set(inRounds).size).toBe(inRounds.length)
          for (const { at } of played.asked) expect(at).toBeLessThan(played.call.deadline)
        }
      }),
    )
  })

  test('a call that fails everywhere has asked every coordinator of a fresh client before it asks one again', () => {
    fc.assert(
      fc.property(urls, fraction, (list, random) => {
        const failure = { ok: false, countsAgainst: true, exclude: false, tookMs: 10 }
        const { asked, end } = play(createFailover(list, failoverDefaults), 1, 10_000, [failure], random)
        expect(end).toBe('gave up')
        expect(asked.slice(0, list.length).map(({ url }) => url)).toEqual(list)
        expect(asked.length).toBeGreaterThan(list.length)
      }),
    )
  })

  test('an excluded coordinator is not asked again by that call', () => {
    fc.assert(
      fc.property(urls, fraction, (list, random) => {
        const misfit = { ok: false, countsAgainst: false, exclude: true, tookMs: 1 }
        const { asked } = play(createFailover(list, failoverDefaults), 1, 10_000, [misfit], random)
        expect(asked.map(({ url }) => url)).toEqual(list)
      }),
    )
  })

  test('Retry-After is honoured: a call does not ask a coordinator again before that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_000 }), fraction, (waitMs, random) => {
        const failover = createFailover(['a'], failoverDefaults)
        const busy = { ok: false, countsAgainst: false, exclude: false, retryAfterMs: waitMs, tookMs: 0 }
        const { asked } = play(failover, 1, 10_000, [busy], random)
        const gaps = asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0))
        expect(Math.min(...gaps, waitMs)).toBe(waitMs)
      }),
    )
  })

  test('the coordinator that answered last is asked first', () => {
    fc.assert(
      fc.property(urls, fc.nat(), (list, pick) => {
        const failover = createFailover(list, failoverDefaults)
        const chosen = list[pick % list.length] ?? ''
        answered(failover, chosen)
        expect(decide(failover, startCall(100), 1, 0.5)).toEqual({ kind: 'ask', url: chosen })
      }),
    )
  })
})

describe('a silent coordinator', () => {
  const patience = fc.array(
    fc.record({ silentAfterMs: fc.integer({ min: 1, max: 900 }), endsAfterMs: fc.integer({ min: 0, max: 6_000 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )

  test('is not asked again as long as its attempt goes on, and the call does not give up before that', () => {
    fc.assert(
      fc.property(urls, patience, fraction, (list, turns, random) => {
        const failover = createFailover(list, failoverDefaults)
        const call = startCall(10_000)
        const running = new Map<string, number>()
        let now = 1
        for (let turn = 0; turn < 1_000; turn++) {
          for (const [url, end] of running) {
            if (end > now) continue
            running.delete(url)
            failed(failover, call, url, now, { countsAgainst: true, exclude: false })
          }
          const decision = decide(failover, call, now, random)
          if (decision.kind === 'give-up') return void (running.size > 0 && expect(now).toBeGreaterThanOrEqual(10_000))
          if (decision.kind === 'wait') {
            now = Math.min(decision.until, ...running.values())
            continue
          }
          const { url } = decision
          expect([...running.keys()]).not.toContain(url)
          const { silentAfterMs, endsAfterMs } = turns[turn % turns.length]!
          now += silentAfterMs
          const goesOn = hasOther(failover, call, url)
          if (goesOn) silent(failover, call, url, now)
          now += goesOn ? 0 : endsAfterMs
          running.set(url, now + (goesOn ? endsAfterMs : 0))
        }
        throw new Error('the call does not end')
      }),
    )
  })

  test('counts as one failure, however its attempt ends', () => {
    const failover = createFailover(['a', 'b'], failoverDefaults)
    const call = startCall(10_000)
    decide(failover, call, 1, 0.5)
    silent(failover, call, 'a', 800)
    expect(decide(failover, call, 800, 0.5)).toEqual({ kind: 'ask', url: 'b' })
    failed(failover, call, 'a', 6_000, { countsAgainst: true, exclude: false })
    expect(failover.endpoints[0]?.failures).toBe(1)
  })

  test('is followed by the one that answered, in the calls after this', () => {
    const failover = createFailover(['a', 'b'], failoverDefaults)
    silent(failover, startCall(10_000), 'a', 800)
    answered(failover, 'b')
    expect(decide(failover, startCall(10_000), 900, 0.5)).toEqual({ kind: 'ask', url: 'b' })
  })
})

describe('breaker', () => {
  const failure = { countsAgainst: true, exclude: false }

  function withOpenBreaker(list: string[]) {
    const failover = createFailover(list, failoverDefaults)
    for (let count = 0; count < failoverDefaults.breakerFailures; count++)
      failed(failover, startCall(1e9), 'a', 100, failure)
    return failover
  }

  test('a coordinator with an open breaker is passed by, and tried by one call after its cool-down', () => {
    const failover = withOpenBreaker(['a', 'b'])
    expect(decide(failover, startCall(1e9), 200, 0.5)).toEqual({ kind: 'ask', url: 'b' })
    const later = 100 + failoverDefaults.breakerBaseMs
    expect(decide(failover, startCall(1e9), later, 0.5)).toEqual({ kind: 'ask', url: 'a' })
    expect(decide(failover, startCall(1e9), later, 0.5)).toEqual({ kind: 'ask', url: 'b' })
  })

  test('when all breakers are open, the one that opens soonest is asked at once', () => {
    const failover = withOpenBreaker(['a', 'b'])
    for (let count = 0; count < failoverDefaults.breakerFailures; count++)
      failed(failover, startCall(1e9), 'b', 50, failure)
    expect(decide(failover, startCall(1e9), 200, 0.5)).toEqual({ kind: 'ask', url: 'b' })
  })

  test('an answer closes the breaker, and a failure after the cool-down opens it for longer', () => {
    const failover = withOpenBreaker(['a', 'b'])
    const first = failover.endpoints[0]?.openUntil ?? 0
    failed(failover, startCall(1e9), 'a', first, failure)
    expect((failover.endpoints[0]?.openUntil ?? 0) - first).toBeGreaterThan(first - 100)
    answered(failover, 'a')
    expect(decide(failover, startCall(1e9), first, 0.5)).toEqual({ kind: 'ask', url: 'a' })
  })

  test('replacing the list keeps the breakers of those that stay', () => {
    const failover = withOpenBreaker(['a', 'b'])
    replaceUrls(failover, ['a', 'c'])
    expect(decide(failover, startCall(1e9), 200, 0.5)).toEqual({ kind: 'ask', url: 'c' })
  })
})

describe('times', () => {
  test('a backoff lies between half of the exponential and all of it, and never above its maximum', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fraction,
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        (failures, random, baseMs, maxMs) => {
          const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30))
          const delay = backoffMs(failures, random, { baseMs, maxMs })
          expect(delay).toBeGreaterThanOrEqual(full / 2)
          expect(delay).toBeLessThanOrEqual(full)
        },
      ),
    )
  })
})
