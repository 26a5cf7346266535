import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

const make = (random = 0.5, maxBacklogMs = 1_000) => new Admission({ maxBacklogMs, random: () => random })

/** Takes units in until it says no; answers how many that were. */
function fill(admission: Admission, now: number, units = 10): number {
  let taken = 0
  while (taken < 1_000_000 && admission.admit(units, now) === undefined) taken += units
  return taken
}

/** Ends so many units a millisecond, and takes others in for them, until the time. */
function serve(admission: Admission, from: number, until: number, unitsPerMs: number): void {
  for (let now = from; now < until; now += 10) {
    admission.end(unitsPerMs * 10, now)
    admission.admit(unitsPerMs * 10, now)
  }
}

test('as much is taken in as ends within the bound, measured', () => {
  const slow = make()
  fill(slow, 0)
  serve(slow, 0, 3_000, 1)
  slow.drop(slow.waiting)
  const fast = make()
  fill(fast, 0)
  serve(fast, 0, 3_000, 20)
  fast.drop(fast.waiting)
  const [few, many] = [fill(slow, 3_000), fill(fast, 3_000)]
  expect([few, many].map((units) => Math.round(units / 2_000))).toEqual([1, 10])
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
  const seconds = [0, 0.5, 0.999].map((random) => {
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
