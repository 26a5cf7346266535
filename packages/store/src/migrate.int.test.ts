import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startChild } from '../test/child-process.ts'
import { scratchFolder } from '../test/scratch-folder.ts'
import { readMigrations } from './migrate.ts'
import { openStore } from './open.ts'

const own = fileURLToPath(new URL('../migrations', import.meta.url))
const later = 9_000_000_000_000

/** The package's migrations and later ones of the test. */
function withMigrations(folder: string, ...statements: string[][]): string {
  const target = join(folder, `migrations-${statements.length}`)
  cpSync(own, target, { recursive: true })
  const journalFile = join(target, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(journalFile, 'utf8')) as { entries: object[] }
  for (const [index, sql] of statements.entries()) {
    const tag = `9${index}_test`
    journal.entries.push({ idx: 90 + index, version: '6', when: later + index, tag, breakpoints: true })
    writeFileSync(join(target, `${tag}.sql`), sql.join('\n--> statement-breakpoint\n'))
  }
  writeFileSync(journalFile, JSON.stringify(journal))
  return target
}

function tables(file: string, migrationsFolder?: string): unknown[] {
  const store = openStore({ path: file, ...(migrationsFolder && { migrationsFolder }) })
  const names = store.sqlite.prepare("select name from sqlite_schema where name like 'test%' order by 1").pluck().all()
  store.close()
  return names
}

it('applies what is missing, once, and keeps what is there', () => {
  const folder = scratchFolder()
  const file = join(folder, 'store.db')
  const first = openStore({ path: file })
  first.close()
  const two = withMigrations(folder, ['create table test_a (id integer)'], ['create table test_b (id integer)'])
  expect(tables(file, two)).toEqual(['test_a', 'test_b'])
  expect(tables(file, two)).toEqual(['test_a', 'test_b'])
  const again = openStore({ path: file, migrationsFolder: two })
  expect(again.instanceId).toBe(first.instanceId)
  again.close()
})

it('a migration that fails leaves everything before it undone too, and the database as it was', () => {
  const folder = scratchFolder()
  const file = join(folder, 'store.db')
  openStore({ path: file }).close()
  const broken = withMigrations(folder, ['create table test_a (id integer)'], ['create tabel test_b (id integer)'])
  expect(() => tables(file, broken)).toThrow(expect.objectContaining({ code: 'unavailable', file }))
  expect(() => tables(file, broken)).toThrow('cannot be brought up to date (near "tabel": syntax error)')
  expect(tables(file)).toEqual([])
})

it('a migration that leaves rows whose parent is missing is undone', () => {
  const folder = scratchFolder()
  const file = join(folder, 'store.db')
  openStore({ path: file }).close()
  const orphaned = withMigrations(folder, [
    'create table test_parent (id integer primary key)',
    'create table test_child (parent integer references test_parent (id))',
    'insert into test_child values (1)',
  ])
  expect(() => tables(file, orphaned)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  expect(tables(file)).toEqual([])
})

it('a table that other rows refer to can be rebuilt without losing them', () => {
  const folder = scratchFolder()
  const file = join(folder, 'store.db')
  const before = [
    'create table test_parent (id integer primary key)',
    'create table test_child (parent integer references test_parent (id) on delete cascade)',
    'insert into test_parent values (1)',
    'insert into test_child values (1)',
  ]
  tables(file, withMigrations(folder, before))
  const rebuild = [
    'create table test_new (id integer primary key, name text)',
    'insert into test_new select id, null from test_parent',
    'drop table test_parent',
    'alter table test_new rename to test_parent',
  ]
  const store = openStore({ path: file, migrationsFolder: withMigrations(folder, before, rebuild) })
  expect(store.sqlite.prepare('select * from test_child').all()).toEqual([{ parent: 1 }])
  store.close()
})

it('a process killed in the middle of the migrations leaves the old state', async () => {
  const folder = scratchFolder()
  const file = join(folder, 'store.db')
  openStore({ path: file }).close()
  const two = withMigrations(folder, ['create table test_a (id integer)'], ['create table test_b (id integer)'])
  const code = `
    const { default: Database } = await import('${import.meta.resolve('better-sqlite3')}')
    const exec = Database.prototype.exec
    Database.prototype.exec = function (sql) {
      if (sql.includes('test_b')) { console.log('killed in the middle'); process.kill(process.pid, 'SIGKILL') }
      return exec.call(this, sql)
    }
    store.openStore({ path: ${JSON.stringify(file)}, migrationsFolder: ${JSON.stringify(two)} })`
  const ended = await startChild(code).ended
  expect(ended).toMatchObject({ signal: 'SIGKILL', output: 'killed in the middle\n' })
  expect(tables(file)).toEqual([])
  expect(tables(file, two)).toEqual(['test_a', 'test_b'])
})

it('the package’s own migrations are in order and each has its own time', () => {
  const times = readMigrations().map((migration) => migration.folderMillis)
  expect(times.length).toBeGreaterThan(0)
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
})
