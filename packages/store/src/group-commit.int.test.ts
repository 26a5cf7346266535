import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startChild } from '../test/child-process.ts'
import { scratchFolder } from '../test/scratch-folder.ts'
import { openStore } from './open.ts'

/** Sixteen writers at once, each prints the key of an input only when that has been answered. */
const writers = (file: string) => `
  const opened = store.openStore({ path: ${JSON.stringify(file)} })
  const insert = opened.sqlite.prepare("insert into meta values (?, ?)")
  const onFatal = (error) => { console.log('fatal', error.message); setImmediate(() => process.exit(3)) }
  const turns = store.createTurns(opened, { onFatal })
  const value = 'x'.repeat(2000)
  async function write(name) {
    for (let i = 0; ; i++) {
      await turns.run(() => void insert.run('w' + name + '-' + i, value))
      process.stdout.write('ack w' + name + '-' + i + '\\n')
    }
  }
  for (let name = 0; name < 16; name++) write(name).catch((error) => console.log('refused', error.name))`

function acknowledged(output: string): string[] {
  return [...output.matchAll(/^ack (\S+)$/gm)].map((match) => match[1] ?? '')
}

/** Opening checks the file; then every acknowledged key must be there, and at most one more of each writer. */
function expectAllThere(file: string, keys: string[]): void {
  const store = openStore({ path: file })
  expect(store).toMatchObject({ recovered: true, checked: 'full' })
  const rows = new Set(store.sqlite.prepare("select key from meta where key like 'w%'").pluck().all())
  store.close()
  expect(keys.filter((key) => !rows.has(key))).toEqual([])
  expect(rows.size - keys.length).toBeLessThanOrEqual(16)
}

it('what was acknowledged is there after kill -9 under load, and of the rest at most what was under way', async () => {
  const folder = scratchFolder()
  for (const [round, last] of ['ack w3-20\n', 'ack w0-50\n'].entries()) {
    const file = join(folder, `store-${round}.db`)
    const child = startChild(writers(file))
    await child.said(last)
    const { output } = await child.kill()
    expect(output).toContain(last)
    expectAllThere(file, acknowledged(output))
  }
})

it('a write that the system refuses ends the turns once, and what was acknowledged before is there', async () => {
  const file = join(scratchFolder(), 'store.db')
  // 4 MiB a file at most: the write-ahead log meets that limit first.
  const { code, output } = await startChild(writers(file), 'ulimit -f 4096; exec "$@"').ended
  expect(code).toBe(3)
  expect(output.match(/^fatal .*$/gm)).toEqual([
    expect.stringContaining(`${file} could not take a turn: disk I/O error`),
  ])
  expect(output.match(/^refused TurnsFailed$/gm)).toHaveLength(16)
  const keys = acknowledged(output)
  expect(keys.length).toBeGreaterThan(100)
  expectAllThere(file, keys)
})
