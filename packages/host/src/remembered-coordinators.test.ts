import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rememberedCoordinators } from './remembered-coordinators.ts'

let dir: string
let lines: string[]

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'skyclaw-remembered-'))
  lines = []
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function remembered(configured: readonly string[], folder = dir) {
  return rememberedCoordinators(folder, configured, pino({}, { write: (line) => void lines.push(line) }))
}

const file = () => path.join(dir, 'coordinators.json')

test('what was learned is there after a restart with the same configured URLs, in any order', async () => {
  const before = await remembered(['http://a', 'http://b'])
  expect(before.urls).toEqual([])
  before.keep(['http://a', 'http://b', 'http://c', 'http://d'])
  await before.kept()
  expect((await remembered(['http://b', 'http://a'])).urls).toEqual(['http://c', 'http://d'])
  expect(await readdir(dir)).toEqual(['coordinators.json'])
})

test('what was learned with other configured URLs is not used', async () => {
  const before = await remembered(['http://a'])
  before.keep(['http://a', 'http://b'])
  await before.kept()
  expect((await remembered(['http://z'])).urls).toEqual([])
  expect((await remembered(['http://a', 'http://z'])).urls).toEqual([])
})

test('the file is written when the list has changed, not when only its order has', async () => {
  const list = await remembered(['http://a'])
  list.keep(['http://a', 'http://b', 'http://c'])
  await list.kept()
  await rm(file())
  list.keep(['http://a', 'http://c', 'http://b'])
  await list.kept()
  expect(await readdir(dir)).toEqual([])
  list.keep(['http://a', 'http://c'])
  await list.kept()
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ configured: ['http://a'], learned: ['http://c'] })
})

test.each(['', 'null', '{"configured":["http://a"]}', '{"configured":[1],"learned":[]}', ' '.repeat(2 ** 20 + 1)])(
  'a file that makes no sense is told of and replaced (%#)',
  async (text) => {
    await writeFile(file(), text)
    const list = await remembered(['http://a'])
    expect(list.urls).toEqual([])
    expect(lines.join()).toContain('could not be read')
    list.keep(['http://a', 'http://b'])
    await list.kept()
    expect((await remembered(['http://a'])).urls).toEqual(['http://b'])
  },
)

test('a list that cannot be written is told of once, and tried again', async () => {
  const folder = path.join(dir, 'missing')
  const list = await remembered(['http://a'], folder)
  for (let count = 0; count < 3; count++) {
    list.keep(['http://a', 'http://b'])
    await list.kept()
  }
  expect(lines.filter((line) => line.includes('could not be remembered'))).toHaveLength(1)
})
