import { mkdirSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { startChild } from '../test/child-process.ts'
import { scratchFolder } from '../test/scratch-folder.ts'
import { openStore } from './open.ts'

const openAndStay = (file: string) => `
  try {
    globalThis.opened = store.openStore({ path: ${JSON.stringify(file)} })
    opened.sqlite.exec("insert into meta values ('from', 'child')")
    console.log('opened', process.pid)
    setInterval(() => {}, 60_000)
  } catch (error) {
    console.log('refused', error.code)
  }`

it('a second process is refused at once, and told the file and who has it', async () => {
  const file = join(scratchFolder(), 'store.db')
  const child = startChild(openAndStay(file))
  await child.said('opened')
  const startedAt = performance.now()
  const holder = `process ${child.pid} on`
  expect(() => openStore({ path: file })).toThrow(expect.objectContaining({ code: 'locked', file }))
  expect(() => openStore({ path: file })).toThrow(holder)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await child.kill()
})

it('the lock and its holder are gone with a process that was killed, and what it committed is there', async () => {
  const file = join(scratchFolder(), 'store.db')
  for (let round = 0; round < 3; round++) {
    const child = startChild(openAndStay(file))
    await child.said('opened')
    await child.kill()
    const store = openStore({ path: file })
    expect(store.recovered).toBe(true)
    expect(store.sqlite.prepare("delete from meta where key = 'from'").run().changes).toBe(1)
    store.close()
  }
  const store = openStore({ path: file })
  expect(store.recovered).toBe(false)
  store.close()
})

it('of processes that start in the same moment exactly one gets the database', async () => {
  const file = join(scratchFolder(), 'store.db')
  const children = Array.from({ length: 4 }, () => startChild(openAndStay(file)))
  const opened = await Promise.any(children.map((child) => child.said('opened').then(() => child)))
  const others = children.filter((child) => child !== opened)
  for (const other of others) expect((await other.ended).output).toBe('refused locked\n')
  await opened.kill()
})

it('one process cannot open a database twice, under whatever name', () => {
  const folder = scratchFolder()
  mkdirSync(join(folder, 'data'))
  symlinkSync('data', join(folder, 'linked'))
  const file = join(folder, 'data', 'store.db')
  const store = openStore({ path: file })
  symlinkSync(file, join(folder, 'link.db'))
  const names = [file, join(folder, 'linked', 'store.db'), join(folder, 'link.db'), relative(process.cwd(), file)]
  for (const path of names) {
    expect(() => openStore({ path })).toThrow(expect.objectContaining({ code: 'locked', file }))
  }
  store.close()
  openStore({ path: relative(process.cwd(), file) }).close()
})

it('a refused try, in this thread or another one, does not loosen the lock of the first', async () => {
  const file = join(scratchFolder(), 'store.db')
  const store = openStore({ path: file })
  expect(() => openStore({ path: file })).toThrow('this process')
  const code = `
    import('${new URL('open.ts', import.meta.url).href}').then(({ openStore }) => {
      const { parentPort } = require('node:worker_threads')
      try { openStore({ path: ${JSON.stringify(file)} }) } catch (error) { return parentPort.postMessage(error.code) }
      parentPort.postMessage('opened')
    })`
  const worker = new Worker(code, { eval: true, execArgv: ['--conditions=@skyclaw/source'] })
  expect(await new Promise((resolve) => void worker.once('message', resolve))).toBe('locked')
  await worker.terminate()
  expect((await startChild(openAndStay(file)).ended).output).toBe('refused locked\n')
  store.close()
})
