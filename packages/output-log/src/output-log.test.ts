import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchFolder } from '../test/scratch.ts'
import { LogGapError, type LogSizes, openLogFolder, type StoredPiece } from './index.ts'

const maxStreamBytes = 64
const name = { jobId: '0190:a.b_c-d', attempt: 3 }
const start: LogSizes = { stdout: 0, stderr: 0 }
const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (pieces: readonly StoredPiece[]) =>
  pieces.map((piece) => [piece.stream, piece.offset, new TextDecoder().decode(piece.bytes)])

async function openFolder(dir: string) {
  const folder = await openLogFolder(dir, { maxStreamBytes })
  onTestFinished(() => folder.close())
  return folder
}

async function openOne(dir = scratchFolder()) {
  const folder = await openFolder(dir)
  return { dir, folder, log: await folder.open(name) }
}

test('a log is told with stdout first, and no more of it than was asked for', async () => {
  const { log } = await openOne()
  await log.append('stderr', 0, bytes('warn'))
  await log.append('stdout', 0, bytes('hello'))
  expect(texts(await log.read(start, 100))).toEqual([
    ['stdout', 0, 'hello'],
    ['stderr', 0, 'warn'],
  ])
  expect(texts(await log.read({ stdout: 2, stderr: 0 }, 4))).toEqual([
    ['stdout', 2, 'llo'],
    ['stderr', 0, 'w'],
  ])
})

test('calls that overlap take effect in their order', async () => {
  const { log } = await openOne()
  const sizes = await Promise.all(['a', 'b', 'c', 'd'].map((text, index) => log.append('stdout', index, bytes(text))))
  expect(sizes).toEqual([1, 2, 3, 4])
  expect(texts(await log.read(start, 100))).toEqual([['stdout', 0, 'abcd']])
})

test('a gap that is not declared is refused with what is stored', async () => {
  const { log } = await openOne()
  await log.append('stdout', 0, bytes('abc'))
  await expect(log.append('stdout', 5, bytes('x'))).rejects.toEqual(new LogGapError(3))
  expect(await log.append('stdout', 5, bytes('x'), { gap: true })).toBe(6)
  expect(texts(await log.read(start, 100))).toEqual([
    ['stdout', 0, 'abc'],
    ['stdout', 5, 'x'],
  ])
})

test('a gap at the end is part of the size, over restarts', async () => {
  const { dir, log } = await openOne()
  expect(await log.append('stdout', 9, bytes(''), { gap: true })).toBe(9)
  const again = await openOne(dir)
  expect(again.log.sizes).toEqual({ stdout: 9, stderr: 0 })
  await again.log.close({ stdout: 9, stderr: 0 })
})

test('of one endless append the head and the end are kept', async () => {
  const { log, dir } = await openOne()
  const all = Uint8Array.from({ length: 2_000 }, (_, index) => index % 256)
  expect(await log.append('stdout', 0, all)).toBe(2_000)
  const pieces = await log.read(start, 100_000)
  expect(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBeLessThanOrEqual(maxStreamBytes)
  expect(pieces[0]!.bytes).toEqual(all.subarray(0, 32))
  expect(pieces.at(-1)!.offset + pieces.at(-1)!.bytes.length).toBe(2_000)
  expect(readdirSync(join(dir, '0190=a.b_c-d/3')).length).toBeLessThanOrEqual(6)
})

test('many small gaps leave a bounded number of files', async () => {
  const { log, dir } = await openOne()
  for (let offset = 1; offset < 1_000; offset += 2) await log.append('stdout', offset, bytes('x'), { gap: true })
  expect(readdirSync(join(dir, '0190=a.b_c-d/3')).length).toBeLessThanOrEqual(96)
  expect(log.sizes.stdout).toBe(1_000)
})

test('a write that was torn is there as far as it went, and is written again', async () => {
  const { dir, log } = await openOne()
  await log.append('stdout', 0, bytes('hello'))
  truncateSync(join(dir, '0190=a.b_c-d/3/stdout.0'), 2)
  const { log: again } = await openOne(dir)
  await expect(again.append('stdout', 5, bytes('!'))).rejects.toEqual(new LogGapError(2))
  await again.append('stdout', 0, bytes('hello!'))
  expect(texts(await again.read(start, 100))).toEqual([['stdout', 0, 'hello!']])
})

test('more on disk than was acknowledged does not run into what follows', async () => {
  const { dir, log } = await openOne()
  await log.append('stdout', 0, bytes('abc'))
  await log.append('stdout', 5, bytes('fg'), { gap: true })
  appendFileSync(join(dir, '0190=a.b_c-d/3/stdout.0'), 'dexxx')
  const { log: again } = await openOne(dir)
  expect(texts(await again.read(start, 100))).toEqual([
    ['stdout', 0, 'abcde'],
    ['stdout', 5, 'fg'],
  ])
})

test('a closed log stays closed over restarts, unless its files are not all there', async () => {
  const { dir, log } = await openOne()
  await log.append('stdout', 0, bytes('abc'))
  await log.close({ stdout: 3, stderr: 0 })
  await log.close({ stdout: 3, stderr: 0 })
  expect(await log.append('stdout', 1, bytes('bc'))).toBe(3)
  expect((await openOne(dir)).log.closed).toBe(true)
  truncateSync(join(dir, '0190=a.b_c-d/3/stdout.0'), 2)
  expect((await openOne(dir)).log.closed).toBe(false)
})

test('a note of the close that is not whole counts for nothing', async () => {
  const { dir } = await openOne()
  writeFileSync(join(dir, '0190=a.b_c-d/3/closed.json'), '{"stdout":')
  writeFileSync(join(dir, '0190=a.b_c-d/3/closed.json.tmp'), '{"stdout":0,"stderr":0}')
  expect((await openOne(dir)).log.closed).toBe(false)
})

test('whoever waits is woken by an append, by the close, by the removal and by the signal', async () => {
  const { folder, log } = await openOne()
  const gone = new AbortController()
  const steps = [
    () => log.append('stdout', 0, bytes('a')),
    () => log.close({ stdout: 1, stderr: 0 }),
    async () => gone.abort(),
    () => folder.remove(name),
  ]
  for (const step of steps) {
    let woken = false
    const changed = log.changed(gone.signal.aborted ? undefined : gone.signal).then(() => void (woken = true))
    await log.read(start, 1)
    expect(woken).toBe(false)
    await step()
    await changed
  }
})

test('the folder of a job without logs, which a killed process left, is gone after the next start', async () => {
  const dir = scratchFolder()
  mkdirSync(join(dir, 'job-1'))
  await openFolder(dir)
  expect(readdirSync(dir)).toEqual([])
})

test('logs are listed with the oldest change first, and removed with their folders', async () => {
  const { dir, folder } = await openOne()
  const other = { jobId: 'b', attempt: 1 }
  const log = await folder.open(other)
  expect(folder.list()).toEqual([name, other])
  await (await folder.open(name)).append('stdout', 0, bytes('x'))
  expect(folder.list()).toEqual([other, name])
  const past = new Date(Date.now() - 60_000)
  for (const path of ['stdout.0', '.']) utimesSync(join(dir, '0190=a.b_c-d/3', path), past, past)
  expect((await openFolder(dir)).list()).toEqual([name, other])
  await folder.remove(other)
  await folder.remove(other)
  expect(existsSync(join(dir, 'b'))).toBe(false)
  expect(await folder.find(other)).toBeUndefined()
  await expect(log.append('stdout', 0, bytes('x'))).rejects.toThrow('the log was removed')
  expect(await (await folder.open(other)).append('stdout', 0, bytes('x'))).toBe(1)
})

test('the bytes of disk are those of all logs, and count files that are nearly empty as well', async () => {
  const { dir, folder, log } = await openOne()
  const empty = folder.storedBytes
  expect(empty).toBe(log.storedBytes)
  await log.append('stdout', 0, bytes('x'))
  expect(folder.storedBytes).toBe(empty + 4_096)
  await folder.open({ jobId: 'b', attempt: 1 })
  await log.close({ stdout: 1, stderr: 0 })
  const all = folder.storedBytes
  expect((await openFolder(dir)).storedBytes).toBe(all)
  await folder.remove(name)
  expect(folder.storedBytes).toBe(empty)
})

test('what is no log in the folder is left alone', async () => {
  const { dir } = await openOne()
  writeFileSync(join(dir, 'note.txt'), 'x')
  writeFileSync(join(dir, '0190=a.b_c-d/3/stdout.01'), 'x')
  const { folder, log } = await openOne(dir)
  expect(folder.list()).toEqual([name])
  expect(log.sizes).toEqual(start)
})

test('a folder that is closed finishes what is under way and refuses the rest', async () => {
  const { dir, folder, log } = await openOne()
  const appended = log.append('stdout', 0, bytes('abc'))
  await folder.close()
  expect(await appended).toBe(3)
  expect(statSync(join(dir, '0190=a.b_c-d/3/stdout.0')).size).toBe(3)
  await expect(log.append('stdout', 3, bytes('d'))).rejects.toThrow('the folder of logs is closed')
  await expect(folder.open(name)).rejects.toThrow('the folder of logs is closed')
})

test('names that would lead out of the folder are refused, and so is a bound that cannot be kept', async () => {
  const { dir, folder } = await openOne()
  for (const jobId of ['..', '.', '', 'a/b', 'a\0', 'a=b', 'a'.repeat(129)]) {
    await expect(folder.open({ jobId, attempt: 1 })).rejects.toThrow(RangeError)
  }
  for (const attempt of [0, -1, 1.5, Number.NaN]) {
    await expect(folder.find({ jobId: 'a', attempt })).rejects.toThrow(RangeError)
  }
  await expect(openLogFolder(dir, { maxStreamBytes: 1 })).rejects.toThrow(
    'maxStreamBytes must be a whole number from 16',
  )
})

test.skipIf(process.platform !== 'linux')('many logs that are written keep few files open', async () => {
  const before = openFiles()
  const folder = await openFolder(scratchFolder())
  const names = Array.from({ length: 100 }, (_, index) => ({ jobId: `j${index}`, attempt: 1 }))
  for (const log of await Promise.all(names.map((one) => folder.open(one)))) await log.append('stdout', 0, bytes('x'))
  expect(openFiles() - before).toBeLessThanOrEqual(65)
})

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}
