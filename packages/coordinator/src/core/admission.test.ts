import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

const make = (random = 0.5, maxBacklogMs = 1_000) => new Admission({ maxBacklogMs, random: () => random })

/** Takes units in until it says no, and begins them; answers how many that were. */
function fill(admission: Admission, now: number, units = 10): number {
  let taken = 0
  for (; taken < 1_000_000 && admission.admit(units, now) === undefined; taken += units) admission.begin(units, now)
  return taken
}

/** One caller, who comes again some time after each answer. */
function callOften(admission: Admission, calls: number, { from = 0, units = 10, tookMs = 1, pauseMs = 2_000 }): number {
  let now = from
  for (let call = 0; call < calls; call += 1, now += pauseMs) {
    if (admission.admit(units, now) !== undefined) throw new Error('a caller alone is refused')
    admission.begin(units, now)
    admission.end(units, (now += tookMs))
  }
  return now
}

/** Ends so many units a millisecond, and takes others in for them, until the time. */
function serve(admission: Admission, from: number, until: number, unitsPerMs: number): void {
  for (let now = from; now < until; now += 10) {
    admission.end(unitsPerMs * 10, now)
    admission.admit(unitsPerMs * 10, now)
    admission.begin(unitsPerMs * 10, now)
  }
}

test('as much is taken in as ends within the bound, measured', () => {
  const limits = [1, 20].map((unitsPerMs) => {
    const admission = make()
    admission.admit(500, 0)
    admission.begin(500, 0)
    serve(admission, 0, 4_000, unitsPerMs)
    fill(admission, 4_000)
    return admission.waiting
  })
  expect(limits.map((units) => Math.round(units / 1_000))).toEqual([1, 20])
})

test('64 callers of 100 jobs each are taken in at the start, and after callers who came one at a time, with pauses', () => {
  expect(fill(make(), 0, 100)).toBeGreaterThanOrEqual(6_400)
  for (const tookMs of [1, 25, 500]) {
    const admission = make()
    const now = callOften(admission, 1_000, { tookMs })
    expect(fill(admission, now, 100), `each took ${tookMs} ms`).toBeGreaterThanOrEqual(6_400)
  }
})

test('bodies that come slowly and jobs that come singly say nothing of what could be done', () => {
  const admission = make()
  for (let now = 0; now < 100_000; now += 500) {
    admission.admit(50, now)
    callOften(admission, 1, { from: now, units: 1, tookMs: 10 })
    admission.drop(50)
  }
  expect(fill(admission, 100_000, 100)).toBeGreaterThanOrEqual(6_400)
})

test('work of which little is there is taken in, however long it takes, and however much it is', () => {
  const admission = make()
  fill(admission, 0)
  // Nothing ended for a minute, but for a few.
  for (let now = 0; admission.waiting > 10; now += 60_000) admission.end(100, now)
  expect(admission.admit(100_000, 1_000_000)).toBeUndefined()
  expect(admission.admit(1, 1_000_000)).toBeGreaterThan(0)
})

test('a rate that was low rises again as soon as work ends quickly', () => {
  const admission = make()
  fill(admission, 0)
  let now = 0
  for (; admission.waiting > 10; now += 4_000) admission.end(50, now)
  const lowest = fill(admission, now)
  expect(lowest).toBeLessThan(200)
  for (const end = now + 1_000; now < end; now += 10) {
    admission.end(admission.waiting, now)
    fill(admission, now, 100)
  }
  expect(admission.waiting).toBeGreaterThan(10 * lowest)
})

test('who is sent away comes back when there is room for him: later, the more there are before him', () => {
  const admission = make()
  fill(admission, 0)
  const seconds = Array.from({ length: 3_000 }, () => admission.admit(10, 0)!)
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
  expect([seconds[0], seconds.at(-1)]).toEqual([2, 5])
  // Those of them who had an appointment by now have come.
  expect(admission.admit(10, 60_000)).toBe(2)
})

test('the times to come back are spread around the backlog, from one second to five', () => {
  const seconds = [0, 0.5, 0.9999].map((random) => {
    const admission = make(random, 2_000)
    fill(admission, 0)
    return admission.admit(1, 0)
  })
  expect(seconds).toEqual([2, 3, 4])
  const long = make(0.999, 60_000)
  fill(long, 0)
  expect(long.admit(1, 0)).toBe(5)
  const short = make(0, 50)
  fill(short, 0)
  expect(short.admit(1, 0)).toBe(1)
})

test('work that turns out to be more is refused as a whole, and leaves nothing', () => {
  const admission = make()
  expect(admission.admit(1, 0)).toBeUndefined()
  const others = fill(admission, 0)
  expect(admission.grow(1, 1_000, 0)).toBeGreaterThan(0)
  expect(admission.waiting).toBe(others)
})

test('a process that is late twice in a row takes nothing in, and one that was late once does', () => {
  const admission = make()
  admission.late(5_000)
  expect(admission.admit(1, 0)).toBeUndefined()
  admission.late(3_000)
  expect(admission.admit(1, 0)).toBe(5)
  admission.late(0)
  expect(admission.admit(1, 0)).toBeUndefined()
})
