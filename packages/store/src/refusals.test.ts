import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { contentOf, scratchFolder } from '../test/scratch-folder.ts'
import { StoreError, type StoreErrorCode } from './errors.ts'
import { openStore, type StoreOptions } from './open.ts'

/** A closed database with enough rows that its tables have inner pages. */
function makeStore(file: string): void {
  const store = openStore({ path: file })
  fill(store.sqlite)
  store.close()
}

function fill(sqlite: Database.Database): void {
  const insert = sqlite.prepare('insert into meta values (?, ?)')
  sqlite.transaction(() => {
    for (let i = 0; i < 200; i++) insert.run(`key ${i}`, 'x'.repeat(500))
  })()
}

/** What a crash leaves: the file and a log that has not been folded into it. */
function makeCrashed(file: string): void {
  const other = `${file}.origin`
  openStore({ path: other }).close()
  const store = openStore({ path: other })
  fill(store.sqlite)
  for (const end of ['', '-wal']) copyFileSync(other + end, file + end)
  store.close()
}

function makeForeign(file: string, ...statements: string[]): void {
  const other = new Database(file)
  for (const statement of [...statements, 'create table things (id integer)']) other.exec(statement)
  other.close()
}

function overwrite(file: string, offset: number, bytes: Buffer): void {
  const content = readFileSync(file)
  bytes.copy(content, offset)
  writeFileSync(file, content)
}

const noise = Buffer.alloc(4_096, 0xa5)
const pageOf = (file: string, table: string) => {
  const sqlite = new Database(file, { readonly: true })
  const page = sqlite.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(table) as number
  sqlite.close()
  return (page - 1) * 4_096
}

type Case = [name: string, code: StoreErrorCode, make: (file: string) => void, options?: Partial<StoreOptions>]

const cases: Case[] = [
  ['a text file', 'corrupt', (file) => writeFileSync(file, 'hello\n'.repeat(1_000))],
  ['a file of a few bytes', 'corrupt', (file) => writeFileSync(file, 'SQLite format 3\0')],
  [
    'a database with a damaged header',
    'corrupt',
    (file) => {
      makeStore(file)
      overwrite(file, 0, noise.subarray(0, 100))
    },
  ],
  [
    'a database cut short',
    'corrupt',
    (file) => {
      makeStore(file)
      truncateSync(file, 3 * 4_096)
    },
  ],
  [
    'a large database cut short',
    'corrupt',
    (file) => {
      makeStore(file)
      truncateSync(file, 3 * 4_096)
    },
    { fullCheckBytes: 0 },
  ],
  [
    'a database with a damaged page',
    'corrupt',
    (file) => {
      makeStore(file)
      overwrite(file, pageOf(file, 'records'), noise)
    },
  ],
  [
    'a large database whose schema is damaged',
    'corrupt',
    (file) => {
      makeStore(file)
      overwrite(file, 100, noise.subarray(0, 3_996))
    },
    { fullCheckBytes: 0 },
  ],
  [
    'a damaged database with a log that a crash left',
    'corrupt',
    (file) => {
      makeCrashed(file)
      overwrite(file, pageOf(`${file}.origin`, 'answers'), noise)
    },
  ],
  [
    'an empty file beside a log',
    'corrupt',
    (file) => {
      makeCrashed(file)
      writeFileSync(file, '')
    },
  ],
  [
    'a log without its file',
    'corrupt',
    (file) => {
      makeCrashed(file)
      renameSync(file, `${file}.away`)
    },
  ],
  ['another application’s database', 'not_skyclaw', (file) => makeForeign(file, 'pragma application_id = 42')],
  ['a database that no application has marked', 'not_skyclaw', (file) => makeForeign(file)],
  [
    'another application’s database with a log',
    'not_skyclaw',
    (file) => makeForeign(file, 'pragma journal_mode = wal'),
  ],
  [
    'a database with a migration this program does not know',
    'newer',
    (file) => {
      makeStore(file)
      const sqlite = new Database(file)
      sqlite.exec("insert into __drizzle_migrations (hash, created_at) values ('f00', 99999999999999)")
      sqlite.close()
    },
  ],
  ['a folder', 'unavailable', (file) => mkdirSync(file)],
  [
    'a file with two names',
    'unavailable',
    (file) => {
      makeStore(file)
      linkSync(file, `${file}.second`)
    },
  ],
  [
    'a circle of symbolic links',
    'unavailable',
    (file) => {
      symlinkSync(file, `${file}.link`)
      symlinkSync(`${file}.link`, file)
    },
  ],
]

describe('a file that cannot be used is refused with one line that names it and the remedy, and stays as it is', () => {
  it.each(cases)('%s is %s', (_, code, make, options) => {
    const folder = scratchFolder()
    const file = join(folder, 'store.db')
    make(file)
    const before = readable(folder)
    const error = refusal({ path: file, ...options })
    expect(error).toMatchObject({ code, file })
    expect(error.message).toContain(file)
    expect(error.message).toContain(error.remedy)
    expect(error.message).not.toContain('\n')
    expect(readable(folder)).toEqual(before)
    // The lock was given back: the second try meets the same problem, not the first one's lock.
    expect(refusal({ path: file, ...options }).code).toBe(code)
  })
})

it('a folder that cannot exist is named', () => {
  const folder = scratchFolder()
  writeFileSync(join(folder, 'file'), '')
  const path = join(folder, 'file', 'store.db')
  expect(refusal({ path })).toMatchObject({ code: 'unavailable', file: path })
})

it.runIf(process.platform === 'linux')('a folder below one that takes none is refused, at once', () => {
  expect(refusal({ path: '/proc/none/coordinator.db' })).toMatchObject({ code: 'unavailable' })
})

it.each(['', 'a\0b', `${'x'.repeat(300)}.db`])('a path that no system accepts is refused: %j', (name) => {
  const path = name && join(scratchFolder(), name)
  expect(refusal({ path }).code).toBe('unavailable')
})

function readable(folder: string): unknown {
  try {
    return contentOf(folder)
  } catch {
    return 'not files only'
  }
}

function refusal(options: StoreOptions): StoreError {
  try {
    openStore(options).close()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error(`${options.path} was opened`)
}
