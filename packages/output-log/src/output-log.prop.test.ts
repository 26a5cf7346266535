import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ModelLog } from '../test/model-log.ts'
import { scratchFolder } from '../test/scratch.ts'
import { type AttemptLog, LogClosedError, type LogFolder, LogGapError, type LogSizes, openLogFolder } from './index.ts'

const maxStreamBytes = 64
const name = { jobId: 'job:1.a_b-c', attempt: 1 }

type Stream = keyof LogSizes

interface Real {
  readonly dir: string
  /** Those that the log was opened with before. */
  readonly left: LogFolder[]
  folder: LogFolder
  log: AttemptLog
}

/** What the byte at an offset is: the same whoever sends it. */
const byteAt = (stream: Stream, offset: number) => (offset * 7 + (stream === 'stdout' ? 1 : 100)) % 251
const bytesAt = (stream: Stream, offset: number, length: number) =>
  Array.from({ length }, (_, index) => byteAt(stream, offset + index))

type Command = fc.AsyncCommand<ModelLog, Real>

class Append implements Command {
  readonly stream: Stream
  readonly shift: number
  readonly length: number
  readonly gap: boolean
  constructor(stream: Stream, shift: number, length: number, gap: boolean) {
    this.stream = stream
    this.shift = shift
    this.length = length
    this.gap = gap
  }
  readonly check = () => true
  async run(model: ModelLog, real: Real): Promise<void> {
    const offset = Math.max(0, model.sizeOf(this.stream) + this.shift)
    const bytes = bytesAt(this.stream, offset, this.length)
    const before = model.sizeOf(this.stream)
    const expected = model.append(this.stream, offset, bytes, this.gap)
    const answer = real.log.append(this.stream, offset, Uint8Array.from(bytes), { gap: this.gap })
    if (expected === 'gap') await expect(answer).rejects.toMatchObject({ name: LogGapError.name, expected: before })
    else if (expected === 'closed') await expect(answer).rejects.toThrow(LogClosedError)
    else expect(await answer).toBe(expected)
  }
  readonly toString = () => `append(${this.stream}, end ${this.shift}, ${this.length} bytes, gap ${this.gap})`
}

class Reopen implements Command {
  readonly check = () => true
  async run(model: ModelLog, real: Real): Promise<void> {
    // Nothing is closed or flushed first: a process that is killed does not do so either.
    real.left.push(real.folder)
    real.folder = await openLogFolder(real.dir, { maxStreamBytes })
    expect(real.folder.list()).toEqual([name])
    real.log = (await real.folder.find(name))!
    expect(real.log.sizes).toEqual({ stdout: model.sizeOf('stdout'), stderr: model.sizeOf('stderr') })
    expect(real.log.closed).toBe(model.closed)
  }
  readonly toString = () => 'reopen()'
}

class Close implements Command {
  readonly wrongBy: number
  constructor(wrongBy: number) {
    this.wrongBy = wrongBy
  }
  readonly check = () => true
  async run(model: ModelLog, real: Real): Promise<void> {
    const sizes = { stdout: model.sizeOf('stdout'), stderr: model.sizeOf('stderr') + this.wrongBy }
    const closing = real.log.close(sizes)
    if (this.wrongBy === 0) {
      await closing
      model.closed = true
    } else {
      await expect(closing).rejects.toThrow(model.closed ? LogClosedError : LogGapError)
    }
  }
  readonly toString = () => `close(${this.wrongBy})`
}

class Read implements Command {
  readonly from: LogSizes
  readonly maxBytes: number
  constructor(from: LogSizes, maxBytes: number) {
    this.from = from
    this.maxBytes = maxBytes
  }
  readonly check = () => true
  async run(model: ModelLog, real: Real): Promise<void> {
    const at = { ...this.from }
    for (;;) {
      const pieces = await real.log.read(at, this.maxBytes)
      const total = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
      expect(total).toBeLessThanOrEqual(this.maxBytes)
      if (total === 0) break
      expect(pieces.map(({ stream }) => stream)).toEqual(
        pieces
          .map(({ stream }) => stream)
          .toSorted()
          .toReversed(),
      )
      for (const { stream, offset, bytes } of pieces) {
        expect(offset).toBeGreaterThanOrEqual(at[stream])
        expect([...bytes]).toEqual(model.streams[stream].slice(offset, offset + bytes.length))
        at[stream] = offset + bytes.length
      }
    }
    for (const stream of ['stdout', 'stderr'] as const) await expectKept(model, real.log, stream)
  }
  readonly toString = () => `read(${JSON.stringify(this.from)}, ${this.maxBytes})`
}

/** All of the head is there, and at least the last three eighths of the rest, as far as that many bytes came in one row. */
async function expectKept(model: ModelLog, log: AttemptLog, stream: Stream): Promise<void> {
  const other = stream === 'stdout' ? 'stderr' : 'stdout'
  const all = await log.read({ [stream]: 0, [other]: Number.MAX_SAFE_INTEGER } as unknown as LogSizes, 1_000_000)
  const kept = new Set(all.flatMap(({ offset, bytes }) => [...bytes.keys()].map((index) => offset + index)))
  const known = [...model.streams[stream].entries()].flatMap(([offset, byte]) => (byte === undefined ? [] : [offset]))
  const head = known.filter((offset) => offset < maxStreamBytes / 2)
  const tail = known.filter((offset) => offset >= maxStreamBytes / 2).slice(-(maxStreamBytes / 8) * 3)
  expect([...head, ...tail].filter((offset) => !kept.has(offset))).toEqual([])
  expect([...kept].filter((offset) => model.streams[stream][offset] === undefined)).toEqual([])
  expect(kept.size).toBeLessThanOrEqual(maxStreamBytes)
}

const streams = fc.constantFrom<Stream>('stdout', 'stderr')
const commands = [
  fc.tuple(streams, fc.integer({ min: -30, max: 6 }), fc.nat(40), fc.boolean()).map((args) => new Append(...args)),
  fc.tuple(streams, fc.constant(0), fc.nat(100), fc.constant(false)).map((args) => new Append(...args)),
  fc.constant(new Reopen()),
  fc.constantFrom(new Close(0), new Close(3)),
  fc
    .tuple(fc.record({ stdout: fc.nat(150), stderr: fc.nat(150) }), fc.integer({ min: 1, max: 90 }))
    .map((args) => new Read(...args)),
]

test('whatever is appended, left out, repeated and read, before and after a restart, is what a log in memory says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async (list) => {
      const dir = scratchFolder()
      const folder = await openLogFolder(dir, { maxStreamBytes })
      const real = { dir, left: [], folder, log: await folder.open(name) }
      await fc.asyncModelRun(() => ({ model: new ModelLog(), real }), list)
      for (const opened of [...real.left, real.folder]) await opened.close()
    }),
    { numRuns: 60 },
  )
})
