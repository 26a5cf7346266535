import { expect, test } from 'vitest'
import { name, OtherCoordinators, scratchLogs } from '../../test/logs/other-coordinators.ts'
import { AttemptPages, logBell } from './attempt-pages.ts'
import { Bells } from './bells.ts'
import type { LogPage } from './log-page.ts'

const start = { stdout: 0, stderr: 0 }
const { signal } = new AbortController()
const textOf = (page: LogPage | undefined) =>
  page && page.pieces.map(({ bytes }) => Buffer.from(bytes).toString()).join('')

async function bench() {
  const others = new OtherCoordinators()
  const folder = await scratchLogs()
  const arrivals = new Bells()
  const pages = new AttemptPages({ folder, arrivals, peers: others.peers }, name)
  return { others, folder, arrivals, pages }
}

test('what is here is told before anybody is asked', async () => {
  const { others, folder, pages } = await bench()
  await others.add('a', 'more than here')
  await (await folder.open(name)).append('stdout', 0, Buffer.from('here'))
  expect(textOf(await pages.next(start, 0, signal))).toBe('here')
  expect(others.calls).toEqual([])
  expect(textOf(await pages.next({ stdout: 4, stderr: 0 }, 0, signal))).toBe(' than here')
})

test('who has most is asked for it, and then for what follows, nobody else', async () => {
  const { others, pages } = await bench()
  await others.add('a', 'so')
  const holder = await others.add('b', 'so far')
  await others.add('c')
  expect(textOf(await pages.next(start, 5_000, signal))).toBe('so far')
  others.calls.length = 0
  const next = pages.next({ stdout: 6, stderr: 0 }, 5_000, signal)
  await holder.append('stdout', 6, Buffer.from(' on'))
  expect(textOf(await next)).toBe(' on')
  expect(others.calls).toEqual(['wait b'])
})

test('when the holder does not answer, another one that has the rest is found', async () => {
  const { others, pages } = await bench()
  await others.add('a', 'so far')
  expect(textOf(await pages.next(start, 5_000, signal))).toBe('so far')
  await others.add('b', 'so far so good')
  others.down.add('a')
  expect(textOf(await pages.next({ stdout: 6, stderr: 0 }, 5_000, signal))).toBe(' so good')
  expect(pages.unanswered).toBe(true)
})

test('while nobody has anything, the first that gets something is heard, whoever it is', async () => {
  const { others, folder, arrivals, pages } = await bench()
  await others.add('a')
  const second = await others.add('b')
  const there = pages.next(start, 5_000, signal)
  await second.append('stdout', 0, Buffer.from('there'))
  expect(textOf(await there)).toBe('there')
  const here = pages.next({ stdout: 5, stderr: 0 }, 5_000, signal)
  const log = await folder.open(name)
  await log.append('stdout', 5, Buffer.from(' and here'), { gap: true })
  arrivals.ring(logBell(name))
  expect(textOf(await here)).toBe(' and here')
})

test('without waiting, nothing is nothing at once, and a wait ends with its signal', async () => {
  const { others, pages } = await bench()
  await others.add('a')
  expect(await pages.next(start, 0, signal)).toBeUndefined()
  expect(pages.unanswered).toBe(false)
  const gone = new AbortController()
  const next = pages.next(start, 600_000, gone.signal)
  gone.abort()
  expect(await next).toBeUndefined()
})
