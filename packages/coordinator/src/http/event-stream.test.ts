import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { EventStream, type ServerEvent } from './event-stream.ts'

function bench(make: (count: number) => Promise<ServerEvent | undefined>) {
  let made = 0
  let ends = 0
  const closing = new AbortController()
  const events = (async function* () {
    for (;;) {
      const event = await make(made)
      if (!event) return
      made += 1
      yield event
    }
  })()
  const stream = new EventStream({ events, closing: closing.signal, ended: () => void (ends += 1) })
  onTestFinished(() => void stream.destroy())
  return { stream, closing, made: () => made, ends: () => ends }
}

const never = new Promise<undefined>(() => undefined)
const large = { id: '1.0.0', event: 'chunk', data: { text: 'x'.repeat(64_000) } }

test('events become text, after a line that opens the stream', async () => {
  const { stream, ends } = bench(async (count) =>
    count < 2 ? { id: `1.${count}.0`, event: 'chunk', data: { text: 'a\nb' } } : undefined,
  )
  const text = (await stream.toArray()).join('')
  expect(text).toBe(
    ': output follows\n\n' +
      'id: 1.0.0\nevent: chunk\ndata: {"text":"a\\nb"}\n\n' +
      'id: 1.1.0\nevent: chunk\ndata: {"text":"a\\nb"}\n\n',
  )
  await until('the end to be told', () => ends() === 1)
})

test('for who does not read, no more than one event is made', async () => {
  const { stream, made } = bench(async () => large)
  stream.read(0)
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect(made()).toBe(1)
  expect(stream.readableLength).toBeLessThan(70_000)
})

test('a stream that is quiet is kept open by pings, one that is not read gets none', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const idle = bench(() => never)
  idle.stream.read()
  idle.stream.read(0)
  vi.advanceTimersByTime(15_000)
  expect(String(idle.stream.read())).toBe(': ping\n\n'.repeat(3))
  const unread = bench(() => never)
  vi.advanceTimersByTime(60_000)
  expect(String(unread.stream.read())).toBe(': output follows\n\n')
})

test('an error of the source breaks the stream, and the source is told of the end once', async () => {
  const { stream, ends } = bench(async (count) => {
    if (count === 1) throw new Error('no more')
    return large
  })
  await expect(stream.toArray()).rejects.toThrow('no more')
  stream.destroy()
  expect(ends()).toBe(1)
})

test('when the coordinator closes, who does not read is cut off', async () => {
  const { stream, closing } = bench(async () => large)
  stream.read(0)
  closing.abort()
  await until('the stream to be cut off', () => stream.destroyed)
  expect(stream.readableEnded).toBe(false)
})
