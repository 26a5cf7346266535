import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { beforeEach, expect, it } from 'vitest'
import { scratchFolder } from '../test/scratch-folder.ts'
import { migrate, readMigrations } from './migrate.ts'
import { openStore, type Store } from './open.ts'
import { configure } from './pragmas.ts'

const own = fileURLToPath(new URL('../migrations', import.meta.url))

/** The migrations as they were before there were several coordinators. */
function migrationsBefore(folder: string): string {
  const target = join(folder, 'migrations-before')
  cpSync(own, target, { recursive: true })
  const journalFile = join(target, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(journalFile, 'utf8')) as { entries: { idx: number }[] }
  journal.entries = journal.entries.filter(({ idx }) => idx === 0)
  writeFileSync(journalFile, JSON.stringify(journal))
  return target
}

const columns = 'key kind generation ballot_n ballot_node written_at feed_seq value sequence status due finished_at'

interface OldRecord {
  readonly key: string
  readonly value: { readonly kind: string; readonly status?: string; readonly lease?: object }
  readonly finishedAt?: number
}

const claim = { key: 'c'.repeat(64), bodyHash: 'b'.repeat(64) }
const old: OldRecord[] = [
  { key: 'host:a', value: { kind: 'host' } },
  { key: 'job:queued', value: { kind: 'job', status: 'queued' } },
  { key: 'job:keyed', value: { kind: 'job', status: 'leased', lease: { hostId: 'a', claim } } },
  { key: 'job:leased', value: { kind: 'job', status: 'leased', lease: { hostId: 'a' } } },
  { key: 'job:done', value: { kind: 'job', status: 'completed' }, finishedAt: 9_000 },
  { key: 'superseded:done:1', value: { kind: 'superseded' }, finishedAt: 9_000 },
]

const instance = '0b6b3a0e-0000-4000-8000-000000000001'

/** A database with a record of each sort, as the version before wrote it. */
function oldDatabase(file: string, migrationsFolder: string): Database.Database {
  const sqlite = new Database(file)
  configure(sqlite, file)
  migrate(sqlite, file, readMigrations(migrationsFolder))
  sqlite.prepare("insert into meta values ('instance', ?), ('turn', '1')").run(instance)
  const names = columns.split(' ')
  const insert = sqlite.prepare(`insert into records (${names.join()}) values (${names.map(() => '?').join()})`)
  for (const [index, { key, value, finishedAt }] of old.entries()) {
    const { kind, status } = value
    const version = [0, 10 + index, instance]
    const due = status === 'queued' ? 1 : null
    insert.run(key, kind, ...version, 5_000 + index, 1 + index, JSON.stringify(value), index, status, due, finishedAt)
  }
  return sqlite
}

let folder: string
let file: string
let before: string
beforeEach(() => {
  folder = scratchFolder()
  file = join(folder, 'store.db')
  before = migrationsBefore(folder)
})

const rows = (store: Store, query: string) => store.sqlite.prepare(query).all()
const finalKeys = ['job:done', 'superseded:done:1~00000000']

it('records from before the mesh belong to a replica set of this one instance, and keep everything else', () => {
  oldDatabase(file, before).close()
  const store = openStore({ path: file })
  const found = rows(store, 'select * from records order by feed_seq') as Record<string, unknown>[]
  const set = { replicas: JSON.stringify([instance]), m: 1, moved: null, epoch_n: 0, epoch_node: '' }
  expect(found.map(({ key }) => key)).toEqual([
    'host:a~00000000',
    'job:queued',
    'job:keyed',
    'job:leased',
    'job:done',
    'superseded:done:1~00000000',
  ])
  for (const [index, row] of found.entries()) {
    const { value, finishedAt = null } = old[index]!
    const version = { generation: 0, ballot_n: 10 + index, ballot_node: instance, written_at: 5_000 + index }
    const tag = value.lease && 'claim' in value.lease ? `claim:${claim.key}` : null
    const status = value.status ?? null
    expect(row).toMatchObject({
      ...set,
      ...version,
      status,
      finished_at: finishedAt,
      tag,
      value: JSON.stringify(value),
    })
  }
  store.close()
})

it('each record that can still change has a register that accepted its value, and no other has one', () => {
  oldDatabase(file, before).close()
  const store = openStore({ path: file })
  const found = rows(store, 'select * from registers order by accepted_n')
  const open = [...old.entries()].filter(([, { finishedAt }]) => finishedAt === undefined)
  expect(found).toEqual(
    open.map(([index, { key, value }]) => ({
      key: value.kind === 'host' ? `${key}~00000000` : key,
      epoch_n: 0,
      epoch_node: '',
      generation: 0,
      replicas: JSON.stringify([instance]),
      m: 1,
      promised_n: 10 + index,
      promised_node: instance,
      accepted_n: 10 + index,
      accepted_node: instance,
      unlearned: 0,
      tag: null,
      touched_at: 5_000 + index,
      proposal: JSON.stringify({ value, writtenAt: 5_000 + index }),
    })),
  )
  expect(rows(store, `select key from records where finished_at is not null order by key`)).toEqual(
    finalKeys.map((key) => ({ key })),
  )
  store.close()
})

it('an instance from before the mesh has caught up, and gives no ballot number again', () => {
  oldDatabase(file, before).close()
  const store = openStore({ path: file })
  const counters = "select key, value from meta where key in ('ballot', 'bootstrapped') order by key"
  expect(rows(store, counters)).toEqual([
    { key: 'ballot', value: String(10 + old.length) },
    { key: 'bootstrapped', value: '1' },
  ])
  store.close()
})

it('a new database has nothing to catch up from, and has not caught up', () => {
  const store = openStore({ path: file })
  expect(rows(store, "select key from meta where key in ('ballot', 'bootstrapped')")).toEqual([])
  store.close()
})

it('a database that carried no instance id gets one, and its records belong to that', () => {
  const nameless = oldDatabase(file, before)
  nameless.exec("delete from meta where key = 'instance'")
  nameless.close()
  const store = openStore({ path: file })
  expect(store.instanceId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(rows(store, 'select distinct replicas from records')).toEqual([{ replicas: `["${store.instanceId}"]` }])
  expect(rows(store, 'select count(*) as count from registers')).toEqual([{ count: 4 }])
  store.close()
})
