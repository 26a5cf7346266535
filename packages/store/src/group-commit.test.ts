import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, it, vi } from 'vitest'
import { keysOf, readerOf, setUpTurns } from '../test/turns.ts'
import { TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
import { createTurns } from './group-commit.ts'
import { openStore, type Store } from './open.ts'

const full = (store: Store) => {
  const pages = store.sqlite.pragma('page_count', { simple: true }) as number
  store.sqlite.pragma(`max_page_count = ${pages}`)
}
const large = "insert into meta values ('large', hex(randomblob(1000000)))"

it('a hundred inputs that wait together share one commit', async () => {
  const { store, turns, put } = setUpTurns()
  await Promise.all(Array.from({ length: 100 }, (_, i) => turns.run(put(`k${i}`))))
  expect(turns.number).toBe(1)
  expect(keysOf(store.sqlite)).toEqual(Array.from({ length: 100 }, (_, i) => `k${i}`))
})

it('takes at most maxInputs in one turn, the others in the next', async () => {
  const { turns, put } = setUpTurns({ maxInputs: 10 })
  await Promise.all(Array.from({ length: 25 }, (_, i) => turns.run(put(`k${i}`))))
  expect(turns.number).toBe(3)
})

it('nothing is answered and no effect runs before another connection can read what was written', async () => {
  const { store, turns, put } = setUpTurns()
  const other = readerOf(store)
  const seen: unknown[] = []
  await Promise.all(
    ['a', 'b'].map(async (key) => {
      await turns.run((turn) => {
        put(key)()
        seen.push(['input', key, keysOf(other)])
        turn.afterCommit(() => seen.push(['effect', key, keysOf(other)]))
      })
      seen.push(['answer', key, keysOf(other)])
    }),
  )
  const all = ['a', 'b']
  expect(seen).toEqual([
    ['input', 'a', []],
    ['input', 'b', []],
    ['effect', 'a', all],
    ['effect', 'b', all],
    ['answer', 'a', all],
    ['answer', 'b', all],
  ])
})

it('answers what the input returned, and the number of its turn counts on over a restart', async () => {
  const { store, turns, put } = setUpTurns()
  expect(await turns.run((turn) => (put('a')(), turn.number))).toBe(1)
  expect(await turns.run((turn) => (put('b')(), turn.number))).toBe(2)
  await turns.close()
  store.close()
  const again = openStore({ path: store.path })
  expect(createTurns(again, { onFatal: () => {} }).number).toBe(2)
  again.close()
})

it('a turn that wrote nothing leaves the log and the turn number as they are', async () => {
  const { store, turns, put } = setUpTurns()
  await turns.run(put('a'))
  const log = () => statSync(`${store.path}-wal`, { bigint: true })
  const before = log()
  const effect = vi.fn<() => void>()
  const count = await turns.run((turn) => {
    turn.afterCommit(effect)
    return keysOf(store.sqlite).length
  })
  expect(count).toBe(1)
  expect(effect).toHaveBeenCalledOnce()
  expect(turns.number).toBe(1)
  expect([log().size, log().mtimeNs]).toEqual([before.size, before.mtimeNs])
})

it('a disk that cannot sync ends the turns, and nothing of the turn leaves', async () => {
  const { store, turns, onFatal, put } = setUpTurns()
  vi.spyOn(store, 'sync').mockImplementation(() => {
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  })
  const effect = vi.fn<() => void>()
  await turns.run((turn) => (put('a')(), turn.defer()))
  await expect(turns.run((turn) => (put('b')(), turn.afterCommit(effect)))).rejects.toThrow(TurnsFailed)
  expect(() => turns.settle()).toThrow(TurnsFailed)
  expect([effect.mock.calls.length, onFatal.mock.calls.length]).toEqual([0, 1])
})

it('an input that throws before it writes is refused alone, and its effects are dropped', async () => {
  const { store, turns, onFatal, put } = setUpTurns()
  const effect = vi.fn<() => void>()
  const answers = await Promise.allSettled([
    turns.run(put('a')),
    turns.run((turn) => {
      turn.afterCommit(effect)
      throw new Error('not today')
    }),
    turns.run(put('a')),
    turns.run(put('b')),
  ])
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(answers[1]).toMatchObject({ reason: { message: 'not today' } })
  expect(answers[2]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } })
  expect(keysOf(store.sqlite)).toEqual(['a', 'b'])
  expect(effect).not.toHaveBeenCalled()
  expect(onFatal).not.toHaveBeenCalled()
})

const fatal: [string, (store: Store, put: (key: string) => () => void) => (turn: { wrote(): void }) => unknown][] = [
  ['an input that throws after it has written', (_, put) => () => (put('x')(), explode())],
  ['an input that throws after it has changed memory', () => (turn) => (turn.wrote(), explode())],
  ['an asynchronous input that has written', (_, put) => () => Promise.resolve(put('x')())],
  ['a write that does not fit on the disk', (store) => () => (full(store), store.sqlite.exec(large))],
  [
    'a read that the disk refuses',
    () => () => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ')
    },
  ],
  ['a hidden error that ended the transaction', (store) => () => store.sqlite.exec('ROLLBACK')],
  [
    'a commit that fails',
    (store, put) => () => {
      store.sqlite.pragma('defer_foreign_keys = on')
      put('x')()
      store.sqlite.exec('insert into test_child values (1)')
    },
  ],
]

it.each(fatal)('%s ends everything: nothing of the turn is kept, and no later input runs', async (_, make) => {
  const { store, turns, onFatal, put } = setUpTurns({ maxInputs: 3 })
  store.sqlite.exec('create table test_child (parent integer references test_parent (id))')
  store.sqlite.exec('create table test_parent (id integer primary key)')
  const effect = vi.fn<() => void>()
  const late = vi.fn<() => void>()
  const answers = await Promise.allSettled([
    turns.run((turn) => (put('a')(), turn.afterCommit(effect))),
    turns.run(make(store, put)),
    turns.run(put('b')),
    turns.run(late),
  ])
  const failure = onFatal.mock.calls.at(0)?.[0]
  for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: failure })
  expect(onFatal).toHaveBeenCalledExactlyOnceWith(expect.any(TurnsFailed))
  expect(failure?.message).toContain(store.path)
  await expect(turns.run(late)).rejects.toThrow(TurnsFailed)
  expect(effect).not.toHaveBeenCalled()
  expect(late).not.toHaveBeenCalled()
  expect(store.sqlite.inTransaction).toBe(false)
  expect(keysOf(readerOf(store))).toEqual([])
  await turns.close()
})

it('an effect that throws is fatal, but what was committed is answered and the other effects run', async () => {
  const { store, turns, onFatal, put } = setUpTurns()
  const effect = vi.fn<() => void>()
  const answers = [
    turns.run((turn) => (put('a')(), turn.afterCommit(explode), 'a')),
    turns.run((turn) => (turn.afterCommit(effect), 'b')),
  ]
  expect(await Promise.all(answers)).toEqual(['a', 'b'])
  expect(effect).toHaveBeenCalledOnce()
  expect(onFatal).toHaveBeenCalledOnce()
  await expect(turns.run(put('c'))).rejects.toThrow(TurnsFailed)
  expect(keysOf(store.sqlite)).toEqual(['a'])
})

it('an effect is refused when the turn is over', async () => {
  const { turns } = setUpTurns()
  const turn = await turns.run((current) => current)
  expect(() => turn.afterCommit(() => {})).toThrow('the turn was over')
  expect(() => turn.beforeSync(() => {})).toThrow('the turn was over')
})

it('refuses more inputs than may wait, and goes on', async () => {
  const { turns, put, next } = setUpTurns({ maxWaiting: 2, byHand: true })
  const accepted = [turns.run(put('a')), turns.run(put('b'))]
  await expect(turns.run(put('c'))).rejects.toThrow(TurnsBusy)
  expect(turns.waiting).toBe(2)
  next()
  await Promise.all(accepted)
  const last = turns.run(put('c'))
  next()
  await last
})

it('while another program writes to the database inputs are refused, and none is lost that was accepted', async () => {
  const { store, turns, onFatal, put } = setUpTurns()
  const other = new Database(store.path)
  other.exec('BEGIN IMMEDIATE')
  await expect(turns.run(put('a'))).rejects.toThrow(TurnsBusy)
  other.exec('ROLLBACK')
  other.close()
  await turns.run(put('b'))
  expect(keysOf(store.sqlite)).toEqual(['b'])
  expect(onFatal).not.toHaveBeenCalled()
})

it('close runs what waits and refuses what comes later', async () => {
  const { store, turns, put } = setUpTurns({ maxInputs: 1 })
  const accepted = Promise.all([turns.run(put('a')), turns.run(put('b'))])
  const closed = turns.close()
  await expect(turns.run(put('c'))).rejects.toThrow(TurnsClosed)
  await closed
  expect(keysOf(store.sqlite)).toEqual(['a', 'b'])
  await accepted
  await turns.close()
})

it('an input that comes from within an input is part of the next turn', async () => {
  const { turns, put } = setUpTurns()
  let inner: Promise<number> | undefined
  await turns.run((turn) => {
    put('a')()
    inner = turns.run((later) => (put('b')(), later.number - turn.number))
  })
  expect(await inner).toBe(1)
})

function explode(): never {
  throw new Error('boom')
}
