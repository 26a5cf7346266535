import type { AppendOptions, AttemptLog } from '@skyclaw/output-log'
import type { LogStream } from '@skyclaw/protocol'
import { expect, test, vi } from 'vitest'
import { LiveLog } from './live-log.ts'

const mebibyte = 1_048_576

/** A log in memory, on a disk that does nothing until it is let go. */
function slowLog(maxStreamBytes: number) {
  const pieces: { stream: LogStream; offset: number; bytes: Uint8Array; gap: boolean }[] = []
  const sizes = { stdout: 0, stderr: 0 }
  const disk = { isStopped: false, fails: false, go: Promise.withResolvers<void>() }
  const closed: object[] = []
  const errors: unknown[] = []
  const log = {
    sizes,
    async append(stream: LogStream, offset: number, bytes: Uint8Array, { gap = false }: AppendOptions = {}) {
      if (disk.isStopped) await disk.go.promise
      if (disk.fails) throw new Error('ENOSPC: no space left on device')
      if (offset !== sizes[stream] && !gap) throw new Error(`a gap that was not declared at ${offset}`)
      pieces.push({ stream, offset, bytes: Buffer.from(bytes), gap })
      sizes[stream] = offset + bytes.length
      return sizes[stream]
    },
    close: async (at: object) => void closed.push(at),
  } as unknown as AttemptLog
  const live = new LiveLog({
    maxStreamBytes,
    open: async () => log,
    onOpen: () => {},
    onFailure: (error) => errors.push(error),
  })
  const stop = () => (disk.isStopped = true)
  const go = () => {
    disk.isStopped = false
    disk.go.resolve()
  }
  return { live, pieces, closed, errors, disk, stop, go, sizes }
}

/** Numbered bytes, so that one in the wrong place is seen. */
const bytesAt = (offset: number, length: number) =>
  Buffer.from(Array.from({ length }, (_, n) => ((offset + n) * 7) % 251))

test('all of a stream is written up to maxStreamBytes, however slow the disk is: its writer waits', async () => {
  const { live, pieces, stop, go, closed } = slowLog(mebibyte)
  stop()
  const all = bytesAt(0, mebibyte)
  let written = 0
  const writing = (async () => {
    for (let at = 0; at < all.length; at += 65_536) {
      await live.write('stdout', all.subarray(at, at + 65_536))
      written = at
    }
  })()
  await vi.waitUntil(() => written > 0)
  await new Promise(setImmediate)
  expect(written).toBeLessThan(mebibyte / 2)
  go()
  await writing
  await live.end()
  expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(all)).toBe(true)
  expect(pieces.every(({ gap }) => !gap)).toBe(true)
  expect(closed).toEqual([{ stdout: mebibyte, stderr: 0 }])
})

test('beyond that the writer is not held up, and the end of the stream is written in the end', async () => {
  const { live, pieces, stop, go, closed } = slowLog(65_536)
  await live.write('stderr', bytesAt(0, 65_536))
  stop()
  const chunk = bytesAt(65_536, 251 * 400)
  for (let count = 0; count < 100; count++) expect(live.write('stderr', chunk)).toBeUndefined()
  go()
  await live.end()
  const size = 65_536 + 100 * chunk.length
  expect(closed).toEqual([{ stdout: 0, stderr: size }])
  const tail = pieces.filter(({ gap }) => gap)
  expect(tail.map(({ offset }) => offset)).toEqual([size - 32_768])
  expect(tail[0]?.bytes).toEqual(chunk.subarray(-32_768))
})

test('a chunk larger than all that is kept has its head and its tail written', async () => {
  const { live, pieces, closed } = slowLog(4_096)
  const chunk = bytesAt(0, 100_000)
  await live.write('stdout', chunk)
  await live.end()
  expect(closed).toEqual([{ stdout: 100_000, stderr: 0 }])
  const head = Buffer.concat(pieces.filter(({ offset }) => offset < 2_048).map(({ bytes }) => bytes))
  expect(head.subarray(0, 2_048)).toEqual(chunk.subarray(0, 2_048))
  expect(pieces.at(-1)?.bytes.subarray(-2_048)).toEqual(chunk.subarray(-2_048))
})

test('a disk that takes no more costs the log, once said, and holds up nobody', async () => {
  const { live, errors, disk, stop, go } = slowLog(mebibyte)
  stop()
  const writes = [live.write('stdout', bytesAt(0, 300_000)), live.write('stderr', bytesAt(0, 600_000))]
  disk.fails = true
  go()
  for (const write of writes) await write
  expect(live.write('stdout', bytesAt(0, 900_000))).toBeUndefined()
  expect(await live.end()).toBeUndefined()
  expect(errors).toHaveLength(1)
})

test('output of a process that was let go is passed over once the log is closed', async () => {
  const { live, sizes } = slowLog(mebibyte)
  void live.write('stdout', Buffer.from('in'))
  const ended = live.end()
  void live.write('stdout', Buffer.from('out'))
  await ended
  void live.write('stdout', Buffer.from('out'))
  expect(sizes.stdout).toBe(2)
})
