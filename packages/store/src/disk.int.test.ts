import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startChild } from '../test/child-process.ts'
import { contentOf, scratchFolder } from '../test/scratch-folder.ts'
import { openStore } from './open.ts'

/** Root may write everything: the child becomes nobody once everything is loaded. */
const tryToOpen = (file: string) => `
  store.openStore({ path: ':memory:' }).close()
  if (process.getuid?.() === 0) process.setuid(65534)
  try { store.openStore({ path: ${JSON.stringify(file)} }); console.log('opened') }
  catch (error) { console.log(error.name, error.code, error.message) }`

it.each([
  ['a folder that may not be written is read_only', { folder: 0o555, file: 0o666 }, 'StoreError read_only'],
  ['a file that may not be written is read_only', { folder: 0o777, file: 0o444 }, 'StoreError read_only'],
  ['a file that may not be read is unavailable', { folder: 0o777, file: 0o222 }, 'StoreError unavailable'],
])('%s, and stays as it is', async (_, mode, answer) => {
  const folder = join(scratchFolder(), 'data')
  const file = join(folder, 'store.db')
  openStore({ path: file }).close()
  const before = contentOf(folder)
  chmodSync(`${file}.lock`, 0o666)
  chmodSync(file, mode.file)
  chmodSync(folder, mode.folder)
  const { output } = await startChild(tryToOpen(file)).ended
  chmodSync(folder, 0o755)
  expect(output).toContain(`${answer} ${file} `)
  expect(output).toContain('give the user that runs the coordinator')
  expect(contentOf(folder)).toEqual(before)
})

it('a write that the system refuses while a database is made is one clear error', async () => {
  const file = join(scratchFolder(), 'store.db')
  // 8 KiB a file at most. Node ignores SIGXFSZ, so the write fails instead.
  const { output } = await startChild(tryToOpen(file).replace(/^.*setuid.*$/m, ''), 'ulimit -f 8; exec "$@"').ended
  expect(output).toContain(`StoreError unavailable ${file} cannot be read or written`)
  const store = openStore({ path: file })
  expect(store.sqlite.pragma('integrity_check', { simple: true })).toBe('ok')
  store.close()
})

const namespace = ['-rm', '--propagation', 'private']
const canMount = (() => {
  try {
    execFileSync('unshare', [...namespace, 'true'], { stdio: 'ignore' })
    return process.platform === 'linux'
  } catch {
    return false
  }
})()

it.skipIf(!canMount)('a full disk is named as such', async () => {
  const folder = join(scratchFolder(), 'small')
  mkdirSync(folder)
  const file = join(folder, 'store.db')
  const mount = `mount -t tmpfs -o size=48k none ${folder}`
  const shell = `exec unshare ${namespace.join(' ')} bash -c '${mount} && exec "$@"' bash "$@"`
  const { output } = await startChild(tryToOpen(file).replace(/^.*setuid.*$/m, ''), shell).ended
  expect(output).toContain(`StoreError unavailable ${file} has no room to grow`)
  expect(output).toContain('free some space')
})
