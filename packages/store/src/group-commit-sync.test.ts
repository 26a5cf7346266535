import { expect, it, vi } from 'vitest'
import { keysOf, readerOf, setUpTurns } from '../test/turns.ts'
import { TurnsFailed } from './errors.ts'
import type { Turn, Turns } from './turn.ts'

it('what was written is synced before an effect or an answer leaves; what was only read needs no sync', async () => {
  const { store, turns, put } = setUpTurns()
  const seen: string[] = []
  vi.spyOn(store, 'sync').mockImplementation(() => void seen.push('synced'))
  await turns.run((turn) => {
    put('a')()
    turn.afterCommit(() => seen.push('effect'))
  })
  seen.push('answer')
  await turns.run(() => keysOf(store.sqlite))
  expect(seen).toEqual(['synced', 'effect', 'answer'])
})

it('what was deferred is committed and not synced, and keeps its number to itself, until something rests on it', async () => {
  const { store, turns, put } = setUpTurns()
  const sync = vi.spyOn(store, 'sync')
  const deferred = (key: string) => turns.run((turn) => (put(key)(), turn.defer()))
  await deferred('a')
  await deferred('b')
  expect([sync.mock.calls.length, turns.number, keysOf(readerOf(store))]).toEqual([0, 0, ['a', 'b']])
  await turns.run((turn) => turn.settle())
  expect([sync.mock.calls.length, turns.number]).toEqual([1, 2])
  await deferred('c')
  turns.settle()
  turns.settle()
  expect([sync.mock.calls.length, turns.number]).toEqual([2, 3])
  await deferred('d')
  await turns.run(put('e'))
  expect([sync.mock.calls.length, turns.number]).toEqual([3, 5])
})

it('what a turn leads to before its sync is a turn of its own, and one sync serves both before anything leaves', async () => {
  const { store, turns, put } = setUpTurns()
  const seen: string[] = []
  vi.spyOn(store, 'sync').mockImplementation(() => void seen.push(`synced ${keysOf(readerOf(store)).join()}`))
  const leadsTo = async () => {
    await Promise.resolve()
    await turns.run((turn) => (put('b')(), turn.afterCommit(() => seen.push('effect b'))))
    seen.push('answer b')
  }
  let led: Promise<void> | undefined
  await turns.run((turn) => {
    put('a')()
    turn.afterCommit(() => seen.push('effect a'))
    turn.beforeSync(() => void (led = leadsTo()))
  })
  seen.push('answer a')
  await led
  expect(seen.slice(0, 3)).toEqual(['synced a,b', 'effect a', 'effect b'])
  expect(seen.slice(3).toSorted()).toEqual(['answer a', 'answer b'])
  expect(turns.number).toBe(2)
})

it('a turn that needs no sync leads to the next as any other', async () => {
  const { store, turns, put } = setUpTurns()
  const sync = vi.spyOn(store, 'sync')
  let led: Promise<void> | undefined
  await turns.run((turn) => (turn.defer(), put('a')(), turn.beforeSync(() => void (led = turns.run(put('b'))))))
  expect([sync.mock.calls.length, turns.number]).toEqual([0, 0])
  await led
  expect([sync.mock.calls.length, turns.number]).toEqual([1, 2])
})

const endings: [string, (turns: Turns) => void][] = [
  ['the turn that it leads to', (turns) => void turns.run((turn) => (turn.wrote(), explode())).catch(() => {})],
  ['the effect before its sync', explode],
]

it.each(endings)('when %s fails for good, nothing of a turn leaves', async (_, lead) => {
  const { turns, onFatal, put } = setUpTurns()
  const effect = vi.fn<() => void>()
  const answer = turns.run((turn) => (put('a')(), turn.afterCommit(effect), turn.beforeSync(() => lead(turns))))
  await expect(answer).rejects.toThrow(TurnsFailed)
  expect(effect).not.toHaveBeenCalled()
  expect(onFatal).toHaveBeenCalledOnce()
})

it('one input that is not deferred has its whole turn synced, and so has a lasting write of a buffer', async () => {
  const { store, turns, put } = setUpTurns()
  const sync = vi.spyOn(store, 'sync')
  await Promise.all([turns.run((turn) => (put('a')(), turn.defer())), turns.run(put('b'))])
  expect(sync).toHaveBeenCalledOnce()
  const buffer = { count: 0, lasting: 0, written: 0, flush: () => undefined }
  store.buffers.attach(buffer)
  const write = (lasting: number) => (turn: Turn) => {
    buffer.count += 1
    buffer.lasting += lasting
    turn.defer()
  }
  await turns.run(write(0))
  expect(sync).toHaveBeenCalledTimes(1)
  await turns.run(write(1))
  expect(sync).toHaveBeenCalledTimes(2)
})

function explode(): never {
  throw new Error('boom')
}
