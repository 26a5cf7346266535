import { PassThrough } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { processIo } from '../io.ts'
import { sayWhenSlow } from './say-when-slow.ts'

const settings = { coordinators: ['http://a:1', 'http://b:1'], timeoutMs: 10_000 }

afterEach(() => vi.useRealTimers())

function start(isTTY: boolean) {
  vi.useFakeTimers()
  const stderr = Object.assign(new PassThrough(), { isTTY })
  const end = sayWhenSlow({ ...processIo(), stderr }, settings)
  return { end, said: () => String(stderr.read() ?? '') }
}

test('on a terminal, an answer that lets wait is worth one line', () => {
  const { said } = start(true)
  vi.advanceTimersByTime(1_000)
  expect(said()).toBe('')
  vi.advanceTimersByTime(60_000)
  expect(said()).toBe('skyclaw: no answer yet from http://a:1, http://b:1; trying for 10s\n')
})

test('elsewhere, or when the answer is there, nothing is said', () => {
  for (const isTTY of [true, false]) {
    const { end, said } = start(isTTY)
    if (isTTY) end()
    vi.advanceTimersByTime(60_000)
    expect(said()).toBe('')
  }
})
