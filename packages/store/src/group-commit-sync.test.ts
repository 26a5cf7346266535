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

it('what goes on beside the sync leaves when the turn is committed and not synced yet, all else when it is', async () => {
  const { store, turns, put } = setUpTurns()
  const seen: string[] = []
  vi.spyOn(store, 'sync').mockImplementation(() => void seen.push('synced'))
  const input = (turn: Turn) => {
    put('a')()
    turn.afterCommit(() => seen.push('effect'))
    turn.whileSyncing(() => seen.push(`beside ${keysOf(readerOf(store)).join()}`))
  }
  const refused = turns.run((turn) => (turn.whileSyncing(() => seen.push('never')), explode()))
  await Promise.all([turns.run(input), refused.catch(() => undefined)])
  expect(seen).toEqual(['beside a', 'synced', 'effect'])
  await turns.run((turn) => turn.whileSyncing(() => seen.push('no sync needed')))
  expect(seen.slice(3)).toEqual(['no sync needed'])
})

it('what left has a moment to get out before the sync; what wants to tell of the turn meanwhile has it synced at once', async () => {
  const scheduled: (() => void)[] = []
  const { store, turns, put } = setUpTurns({ scheduleSync: (run) => void scheduled.push(run) })
  const sync = vi.spyOn(store, 'sync')
  const beside = vi.fn<() => void>()
  const answered = vi.fn<() => void>()
  const first = turns.run((turn) => (put('a')(), turn.whileSyncing(beside))).then(answered)
  await vi.waitUntil(() => scheduled.length === 1)
  const second = turns.run(put('b'))
  await new Promise((resolve) => setImmediate(resolve))
  expect([beside.mock.calls.length, sync.mock.calls.length, turns.number]).toEqual([1, 0, 0])
  expect(keysOf(readerOf(store))).toEqual(['a'])
  turns.settleOpen()
  turns.settleOpen()
  expect([sync.mock.calls.length, turns.number, answered.mock.calls.length]).toEqual([1, 1, 0])
  scheduled[0]!()
  await Promise.all([first, second])
  turns.settleOpen()
  expect([sync.mock.calls.length, turns.number]).toEqual([2, 2])
})

it('when the sync fails that comes in a moment, the turn is refused, and what waits for the next one too', async () => {
  const { store, turns, onFatal, put } = setUpTurns()
  vi.spyOn(store, 'sync').mockImplementation(explode)
  const effect = vi.fn<() => void>()
  const input = (turn: Turn) => (put('a')(), turn.whileSyncing(() => {}), turn.afterCommit(effect))
  const answers = await Promise.allSettled([turns.run(input), turns.run(put('b'), 2_000)])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect([effect.mock.calls.length, onFatal.mock.calls.length]).toEqual([0, 1])
  await turns.close()
})

it('what is held leaves after the sync, also that of the turn that it leads to', async () => {
  const { store, turns, put } = setUpTurns()
  const seen: string[] = []
  vi.spyOn(store, 'sync').mockImplementation(() => void seen.push('synced'))
  const beside = (name: string) => (turn: Turn) => (put(name)(), turn.whileSyncing(() => seen.push(name)))
  let led: Promise<void> | undefined
  await turns.run((turn) => {
    beside('a')(turn)
    turn.hold()
    turn.beforeSync(() => void (led = turns.run(beside('b')).then(() => undefined)))
  })
  await led
  expect(seen).toEqual(['synced', 'a', 'b'])
})

it('nothing leaves beside the sync of a turn that could not be committed', async () => {
  const { store, turns, put } = setUpTurns()
  const beside = vi.fn<() => void>()
  const sync = vi.spyOn(store, 'sync')
  const failing = turns.run((turn) => (put('a')(), turn.whileSyncing(beside), turn.wrote(), explode()))
  await expect(failing).rejects.toThrow(TurnsFailed)
  expect([beside.mock.calls.length, sync.mock.calls.length]).toEqual([0, 0])
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
