import { join } from 'node:path'
import Database from 'better-sqlite3'
import { onTestFinished, vi } from 'vitest'
import type { TurnsFailed } from '../src/errors.ts'
import { createTurns } from '../src/group-commit.ts'
import { openStore, type Store } from '../src/open.ts'
import type { TurnsOptions } from '../src/turn.ts'
import { scratchFolder } from './scratch-folder.ts'

/** A store on disk, its turns, and a way to run the next turn by hand instead of in setImmediate. */
export function setUpTurns(options: Partial<TurnsOptions> & { byHand?: boolean } = {}) {
  const { byHand, ...others } = options
  const store = openStore({ path: join(scratchFolder(), 'store.db') })
  onTestFinished(() => store.close())
  const onFatal = vi.fn<(error: TurnsFailed) => void>()
  const scheduled: (() => void)[] = []
  const schedule = (run: () => void) => void scheduled.push(run)
  const turns = createTurns(store, { onFatal, ...(byHand && { schedule }), ...others })
  const insert = store.sqlite.prepare('insert into meta values (?, 1)')
  return { store, turns, onFatal, put: (key: string) => () => void insert.run(key), next: () => scheduled.shift()?.() }
}

export function keysOf(sqlite: Database.Database): unknown[] {
  return sqlite.prepare("select key from meta where key not in ('instance', 'turn') order by rowid").pluck().all()
}

export function readerOf(store: Store): Database.Database {
  const sqlite = new Database(store.path, { readonly: true })
  onTestFinished(() => void sqlite.close())
  return sqlite
}
