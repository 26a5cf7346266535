import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Mesh, Step } from '../mesh/mesh.ts'
import { Calls } from './calls.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const driver = {
  run: async <T>(input: (step: Step, mesh: Mesh) => T) => input({} as Step, {} as Mesh),
  settle: () => undefined,
  settleOpen: () => undefined,
}

test('closing waits for the calls under way, and refuses others at once', async () => {
  const calls = new Calls(driver)
  let answer: ((value: string) => void) | undefined
  const call = calls.ask<string>((_step, _mesh, done) => void (answer = done))
  await vi.advanceTimersByTimeAsync(0)
  let closed = false
  const closing = calls.close().then(() => void (closed = true))
  await expect(calls.run(() => 1)).rejects.toMatchObject({ code: 'shutting_down', problem: { outcome: 'not_applied' } })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(closed).toBe(false)
  answer!('done')
  expect(await call).toBe('done')
  await closing
})

test('a call that has no end when the time to close is up is told that its outcome is unknown', async () => {
  const calls = new Calls(driver)
  const call = Promise.allSettled([calls.ask(() => undefined)])
  await vi.advanceTimersByTimeAsync(0)
  const closing = calls.close()
  await vi.advanceTimersByTimeAsync(60_000)
  await closing
  const reason = { code: 'shutting_down', problem: { outcome: 'unknown' } }
  expect(await call).toMatchObject([{ status: 'rejected', reason }])
})

test('an input that fails is the failure of its call alone, and closing does not wait for it', async () => {
  const calls = new Calls(driver)
  const broken = new Error('broken')
  const call = calls.ask(() => {
    throw broken
  })
  await expect(call).rejects.toBe(broken)
  await calls.close()
})
