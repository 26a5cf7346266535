import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type WaitingClaim, WaitingClaims } from './waiting-claims.ts'

const anything = () => true
const noJob: never[] = []
const due = (name: string) => ({ requirement: { requiredCapabilities: [name] }, requirementKey: name })
const job = due('shell')
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('a job wakes the claim that has waited longest among those that can run it, and no other', async () => {
  const waiting = new WaitingClaims(10)
  const woken: string[] = []
  const sleep = (name: string, capability: string) => {
    const claim = waiting.enter(name, (requirement) => requirement.requiredCapabilities?.[0] === capability)
    void claim.sleep(60_000).then((wake) => woken.push(`${name} ${wake}`))
  }
  sleep('first gpu', 'gpu')
  sleep('first shell', 'shell')
  sleep('second shell', 'shell')
  waiting.wake(due('shell'))
  await settle()
  expect(woken).toEqual(['first shell woken'])
  waiting.close()
})

test('a job that comes while a claim looks wakes it as soon as it sleeps', async () => {
  const waiting = new WaitingClaims(10)
  const claim = waiting.enter('host', anything)
  claim.looking()
  waiting.wake(job)
  await expect(claim.sleep(60_000)).resolves.toBe('woken')
})

test('a claim that accepts nothing any more when it looks hands its wake on', async () => {
  const waiting = new WaitingClaims(10)
  let paused = false
  const first = waiting.enter('paused meanwhile', () => !paused)
  const second = waiting.enter('host', anything)
  const firstSleep = first.sleep(60_000)
  const secondSleep = second.sleep(60_000)
  waiting.wake(job)
  await firstSleep
  paused = true
  first.looking()
  const again = first.sleep(60_000)
  await expect(secondSleep).resolves.toBe('woken')
  waiting.close()
  await expect(again).resolves.toBe('time_up')
})

test('a claim that leaves before it has looked hands its wake on', async () => {
  const waiting = new WaitingClaims(10)
  const first = waiting.enter('host', anything)
  const second = waiting.enter('host', anything)
  const firstSleep = first.sleep(60_000)
  const secondSleep = second.sleep(60_000)
  waiting.wake(job)
  await firstSleep
  first.leave(noJob)
  await expect(secondSleep).resolves.toBe('woken')
})

test('a claim ends when its time is up, its caller is gone, or the coordinator closes', async () => {
  const waiting = new WaitingClaims(10)
  await expect(waiting.enter('host', anything).sleep(1)).resolves.toBe('time_up')
  const caller = new AbortController()
  const gone = waiting.enter('host', anything).sleep(60_000, caller.signal)
  caller.abort()
  await expect(gone).resolves.toBe('time_up')
  const closed = waiting.enter('host', anything).sleep(60_000)
  waiting.close()
  await expect(closed).resolves.toBe('time_up')
  await expect(waiting.enter('host', anything).sleep(60_000)).resolves.toBe('time_up')
})

test('one claim too many is refused as too_busy', () => {
  const waiting = new WaitingClaims(1)
  waiting.enter('host', anything)
  expect(() => waiting.enter('host', anything)).toThrow(expect.objectContaining({ code: 'too_busy' }))
})

test('whatever the order of jobs, looks, sleeps and departures, a job that fits is never left while a claim sleeps', async () => {
  const action = fc.record({ kind: fc.constantFrom('job', 'enter', 'look', 'leave'), pick: fc.nat({ max: 50 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
      const waiting = new WaitingClaims(100)
      const sleepers = new Map<WaitingClaim, { awake: boolean }>()
      let jobs = 0
      /** What a claim does when it looks: takes one job or goes to sleep. */
      const look = (claim: WaitingClaim) => {
        claim.looking()
        if (jobs > 0) {
          jobs -= 1
          sleepers.delete(claim)
          claim.leave([job])
          return
        }
        const state = { awake: false }
        sleepers.set(claim, state)
        void claim.sleep(60_000).then((wake) => void (state.awake = wake === 'woken'))
      }
      for (const { kind, pick } of actions) {
        const claims = [...sleepers.keys()]
        const claim = claims[pick % Math.max(1, claims.length)]
        if (kind === 'job') {
          jobs += 1
          waiting.wake(job)
        } else if (kind === 'enter') look(waiting.enter('host', anything))
        else if (kind === 'leave' && claim) {
          sleepers.delete(claim)
          claim.leave(noJob)
        } else if (kind === 'look' && claim && sleepers.get(claim)?.awake) look(claim)
        await settle()
        // Each job that nobody took has woken somebody, or there is nobody left to wake.
        const awake = [...sleepers.values()].filter((state) => state.awake).length
        expect(awake).toBeGreaterThanOrEqual(Math.min(jobs, sleepers.size))
      }
      waiting.close()
    }),
    { numRuns: 100 },
  )
})
