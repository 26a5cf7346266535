import { existsSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scratchFolder } from '../test/scratch-folder.ts'
import { openStore } from './open.ts'
import { applicationId } from './pragmas.ts'
import { meta } from './schema/meta.ts'

it('creates the folder and a file that only its owner may read, marked as Skyclaw’s', () => {
  const file = join(scratchFolder(), 'deep', 'er', 'store.db')
  const store = openStore({ path: file })
  expect(store.sqlite.pragma('application_id', { simple: true })).toBe(applicationId)
  for (const path of [file, `${file}-wal`]) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700)
  store.close()
})

it('keeps a write-ahead log whose fsync is its own to make, and enforces foreign keys', () => {
  const store = openStore({ path: join(scratchFolder(), 'store.db') })
  const pragma = (name: string) => store.sqlite.pragma(name, { simple: true })
  expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys')]).toEqual(['wal', 1, 1])
  store.close()
})

it('keeps the instance id as long as the database lives, and gives each database its own', () => {
  const folder = scratchFolder()
  const ids = ['a.db', 'a.db', 'b.db'].map((name) => {
    const store = openStore({ path: join(folder, name) })
    store.close()
    return store.instanceId
  })
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).not.toBe(ids[0])
})

it('gives a database that carries no instance id a new one, and keeps its turn number', () => {
  const file = join(scratchFolder(), 'store.db')
  const first = openStore({ path: file })
  first.sqlite.exec("delete from meta where key = 'instance'; update meta set value = '7' where key = 'turn'")
  first.close()
  const second = openStore({ path: file })
  expect(second.instanceId).not.toBe(first.instanceId)
  expect(second.sqlite.prepare("select value from meta where key = 'turn'").pluck().get()).toBe('7')
  second.close()
})

it('opens :memory: as often as asked, without a file', () => {
  const [a, b] = [openStore({ path: ':memory:' }), openStore({ path: ':memory:' })]
  a.db.insert(meta).values({ key: 'only', value: 'a' }).run()
  expect(b.db.select().from(meta).all()).not.toContainEqual({ key: 'only', value: 'a' })
  expect(existsSync(':memory:')).toBe(false)
  a.close()
  b.close()
})

it('follows a symbolic link to a file that does not exist yet, and names the file itself', () => {
  const folder = scratchFolder()
  const link = join(folder, 'link.db')
  symlinkSync(join('data', 'real.db'), link)
  const store = openStore({ path: link })
  expect(store.path).toBe(join(folder, 'data', 'real.db'))
  store.close()
})

it('leaves nothing beside the database but the empty lock file when it is closed, twice or once', () => {
  const folder = scratchFolder()
  const store = openStore({ path: join(folder, 'store.db') })
  store.close()
  store.close()
  expect(readdirSync(folder).sort()).toEqual(['store.db', 'store.db.lock'])
  expect(statSync(join(folder, 'store.db.lock')).size).toBe(0)
})

it('checks a file up to the limit whole and a larger one in part, and says so', () => {
  const file = join(scratchFolder(), 'store.db')
  const checked = [undefined, undefined, 0].map((limit) => {
    const store = openStore({ path: file, ...(limit !== undefined && { fullCheckBytes: limit }) })
    store.close()
    return store.checked
  })
  expect(checked).toEqual(['none', 'full', 'partial'])
})
