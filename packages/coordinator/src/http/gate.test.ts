import type { FastifyReply, FastifyRequest } from 'fastify'
import { EventEmitter } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Gate } from './gate.ts'

type Parts = ConstructorParameters<typeof Gate>[0]

/** A gate that lets in what takes a tenth of a second, and heads of batches that come to it. */
function bench() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  let lateMs = 0
  /** The next tick comes so many milliseconds after its time. */
  const tickLate = (ms: number) => {
    lateMs += ms
    vi.advanceTimersToNextTimer()
  }
  const gate = new Gate({
    options: { maxBacklogMs: 100 },
    clock: { now: () => 0, monotonic: () => performance.now() + lateMs },
    network: { warnings: { warn: () => undefined } },
  } as unknown as Parts)
  onTestFinished(() => gate.close())
  const [hook] = gate.onRequest('enqueueBatch')
  const come = (bytes: number, { destroyed = false } = {}) => {
    const raw = Object.assign(new EventEmitter(), { destroyed, readableEnded: false })
    const request = { headers: { 'content-length': String(bytes) }, body: {}, raw } as unknown as FastifyRequest
    let comeBackS: number | undefined
    const header = (_: string, value: string) => {
      comeBackS = Number(value)
      return reply
    }
    const reply = { header } as unknown as FastifyReply
    let refused: Error | undefined
    hook!(request, reply, (error) => void (refused = error))
    const leave = () => void raw.emit('close')
    return { refused, comeBackS, leave, work: () => gate.work(request, reply, async () => 'done') }
  }
  const isOpen = () => {
    const { refused, leave } = come(1)
    leave()
    return refused === undefined
  }
  return { come, isOpen, tickLate }
}

const megabyte = 1_048_576
const aWhile = 800

test('bodies that are held up by their senders keep others out once too much of them is waited for, until some are gone', async () => {
  const { come, isOpen } = bench()
  const held: ReturnType<typeof come>[] = []
  for (let count = 0; count < 4; count += 1) {
    held.push(come(16 * megabyte))
    expect(isOpen()).toBe(false)
    vi.advanceTimersByTime(aWhile)
    expect(isOpen()).toBe(true)
  }
  const oneTooMany = come(16 * megabyte)
  vi.advanceTimersByTime(aWhile)
  expect([oneTooMany.refused, isOpen()]).toEqual([undefined, false])
  held[0]!.leave()
  vi.advanceTimersByTime(aWhile)
  expect(isOpen()).toBe(true)
  expect(await held[1]!.work()).toBe('done')
  expect(isOpen()).toBe(true)
})

test('who has left before the request is looked at takes no room', () => {
  const { come, isOpen } = bench()
  expect(come(16 * megabyte, { destroyed: true }).refused).toBeUndefined()
  expect(isOpen()).toBe(true)
  come(16 * megabyte)
  expect(isOpen()).toBe(false)
})

test('a length that nobody may send does not tell the others to come back late', () => {
  const { come } = bench()
  come(16 * megabyte)
  expect(come(1e18).refused).toBeDefined()
  expect(come(1).comeBackS).toBeLessThanOrEqual(2)
})

test('nothing ticks before somebody comes, and when nobody has come for a while; who comes then sees that the process is late', () => {
  const { isOpen, tickLate } = bench()
  for (let round = 0; round < 2; round += 1) {
    expect(vi.getTimerCount()).toBe(0)
    expect(isOpen()).toBe(true)
    expect(vi.getTimerCount()).toBe(1)
    for (let tick = 0; tick < 2; tick += 1) {
      expect(isOpen()).toBe(true)
      tickLate(1_000)
    }
    expect(isOpen()).toBe(false)
    vi.advanceTimersByTime(3_000)
  }
})
