import { logStreams, type ResultRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import type { LogPage } from './log-page.ts'
import { tellAttempt, type TellAttemptOptions } from './tell-attempt.ts'

const dayMs = 86_400_000

/** A network in which time passes only while somebody waits for a page. */
function bench(pages: readonly (LogPage | undefined)[], more: Partial<TellAttemptOptions> = {}) {
  let ms = 0
  const left = [...pages]
  const waits: number[] = []
  const options: TellAttemptOptions = {
    attempt: 1,
    streams: logStreams,
    from: { stdout: 0, stderr: 0 },
    follow: true,
    signal: new AbortController().signal,
    pages: {
      unanswered: false,
      next: async (_from, waitMs) => {
        waits.push(waitMs)
        const page = left.shift()
        if (!page) ms += waitMs
        return page
      },
    },
    course: async () => ({ over: true, superseded: false, finishedAt: dayMs }),
    result: async () => undefined,
    news: () => new Promise(() => undefined),
    clock: { now: () => dayMs + ms, monotonic: () => ms },
    ...more,
  }
  return { options, waits, waited: () => ms }
}

async function tell(options: TellAttemptOptions) {
  const chunks = tellAttempt(options)
  let text = ''
  for (;;) {
    const { done, value } = await chunks.next()
    if (done) return { text, complete: value }
    text += value.text ?? `<${value.base64}>`
  }
}

function pageOf(offset: number, text: string, closed = false): LogPage {
  const bytes = Buffer.from(text)
  const pieces = bytes.length === 0 ? [] : [{ stream: 'stdout' as const, offset, bytes }]
  return { sizes: { stdout: offset + bytes.length, stderr: 0 }, closed, pieces }
}

const resultOf = (stdout: string, usage?: ResultRecord['usage']): ResultRecord => ({
  ...{ finishedAt: dayMs, durationMs: 1, exitCode: 0, stdout, stderr: '' },
  ...(usage && { usage }),
})

test('the rest of what is over is waited for ten seconds, and then said to be missing', async () => {
  const { options, waited } = bench([pageOf(0, 'some')])
  expect(await tell(options)).toEqual({ text: 'some', complete: false })
  expect(waited()).toBe(10_000)
})

test('while somebody brings the rest, the wait begins anew', async () => {
  const { options } = bench([pageOf(0, 'a'), undefined, pageOf(1, 'b'), undefined, pageOf(2, 'c'), pageOf(3, '', true)])
  expect(await tell(options)).toEqual({ text: 'abc', complete: true })
})

test('what was over long ago is not waited for when all who could have it have answered', async () => {
  const course = async () => ({ over: true, superseded: false, finishedAt: 0 })
  const answered = bench([], { course })
  expect(await tell(answered.options)).toEqual({ text: '', complete: false })
  expect(answered.waited()).toBe(0)
  const silent = bench([], { course })
  const pages = { unanswered: true, next: silent.options.pages.next.bind(silent.options.pages) }
  expect(await tell({ ...silent.options, pages })).toEqual({ text: '', complete: false })
  expect(silent.waited()).toBe(10_000)
})

test('what was seen to run is not long over, however far the wall clock leaps', async () => {
  const courses = [
    { over: false, superseded: false, finishedAt: undefined },
    { over: true, superseded: false, finishedAt: 0 },
  ]
  const course = async () => (courses.length > 1 ? courses.shift()! : courses[0]!)
  const { options } = bench([pageOf(0, 'a'), undefined, pageOf(1, 'b'), pageOf(2, '', true)], { course })
  expect(await tell(options)).toEqual({ text: 'ab', complete: true })
})

test('a result that has all of it is told at once, a cut one when nothing better came', async () => {
  const whole = bench([], { result: async () => resultOf('out €') })
  expect(await tell(whole.options)).toEqual({ text: 'out €', complete: true })
  expect(whole.waited()).toBe(0)
  const cut = bench([], { result: async () => resultOf('o[...]t', { truncated: true }) })
  expect(await tell(cut.options)).toEqual({ text: 'o[...]t', complete: false })
  expect(cut.waited()).toBe(10_000)
})

test('a result in which bytes were replaced is told only when the log that has them does not come', async () => {
  const result = async () => resultOf('a\ufffdb', { stdoutBytes: 3, stderrBytes: 0 })
  const coming = bench([undefined, pageOf(0, 'log'), pageOf(3, '', true)], { result })
  expect(await tell(coming.options)).toEqual({ text: 'log', complete: true })
  expect(await tell(bench([], { result }).options)).toEqual({ text: 'a\ufffdb', complete: false })
})

test('who has read some of the log gets the rest from a result with the same bytes, and from no other', async () => {
  const same = resultOf('abcdef', { stdoutBytes: 6, stderrBytes: 0 })
  expect(await tell(bench([pageOf(0, 'abc')], { result: async () => same }).options)).toEqual({
    text: 'abcdef',
    complete: true,
  })
  const other = resultOf('abcdef', { stdoutBytes: 900, stderrBytes: 0, truncated: true })
  expect(await tell(bench([pageOf(0, 'abc')], { result: async () => other }).options)).toEqual({
    text: 'abc',
    complete: false,
  })
})

test('a character that is cut off by the end is told as bytes, and held back while more may come', async () => {
  const half: LogPage = {
    sizes: { stdout: 2, stderr: 0 },
    closed: false,
    pieces: [{ stream: 'stdout', offset: 0, bytes: Uint8Array.from([0x61, 0xe2]) }],
  }
  const ended: LogPage = { ...half, closed: true, pieces: [] }
  expect(await tell(bench([half, ended]).options)).toEqual({ text: 'a<4g==>', complete: true })
  const running = { follow: false, course: async () => ({ over: false, superseded: false, finishedAt: undefined }) }
  expect(await tell(bench([half], running).options)).toEqual({ text: 'a', complete: false })
})

test('while the attempt runs there is no end to the waiting, and the end of the attempt ends the wait', async () => {
  let over = false
  let ring: () => void = () => undefined
  const { options } = bench([], {
    course: async () => ({ over, superseded: false, finishedAt: undefined }),
    news: (signal) =>
      new Promise((resolve) => {
        ring = resolve
        signal.addEventListener('abort', () => resolve())
      }),
    result: async () => (over ? resultOf('done') : undefined),
  })
  const pages = {
    unanswered: false,
    next: async (_from: unknown, _waitMs: number, signal: AbortSignal) => {
      if (!over) {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve)
          over = true
          ring()
        })
      }
      return undefined
    },
  }
  expect(await tell({ ...options, pages })).toEqual({ text: 'done', complete: true })
})
