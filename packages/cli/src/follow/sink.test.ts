import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Sink } from './sink.ts'

/** An output whose reader takes one piece each time it is told to. */
function slowOutput() {
  const taken: string[] = []
  let take: (() => void) | undefined
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      take = () => {
        taken.push(chunk.toString())
        done()
      }
    },
  })
  return { stream, taken, take: () => take?.() }
}

test('a write waits until its reader has taken it', async () => {
  const { stream, taken, take } = slowOutput()
  using sink = new Sink(stream)
  let isWritten = false
  const writing = sink.write('one').then(() => (isWritten = true))
  await new Promise(setImmediate)
  expect(isWritten).toBe(false)
  take()
  await writing
  expect(taken).toEqual(['one'])
})

test('when the reader is gone, a write that waits ends, and what follows is dropped', async () => {
  const { stream } = slowOutput()
  using sink = new Sink(stream)
  const writing = sink.write('one')
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await writing
  expect(sink.isGone).toBe(true)
  await sink.write('two')
})

test('a write that fails for another cause says so', async () => {
  const full = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space left'), { code: 'ENOSPC' })),
  })
  using sink = new Sink(full)
  await expect(sink.write('one')).rejects.toThrow('the output cannot be written: no space left')
})

test('a write that waits ends with the signal, and leaves no listeners', async () => {
  const { stream } = slowOutput()
  const ending = new AbortController()
  {
    using sink = new Sink(stream)
    const writing = sink.write('one', ending.signal)
    ending.abort()
    await writing
    expect(sink.isGone).toBe(false)
  }
  expect(['error', 'close'].map((name) => stream.listenerCount(name))).toEqual([0, 0])
})
