import { existsSync, readlinkSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isIn, openWorkingFolder, pinRoot } from './working-folder.ts'

let root: string

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'skyclaw-folder-')))
  for (const folder of ['place/deep', 'places', 'outside', 'other']) {
    await mkdir(path.join(root, folder), { recursive: true })
  }
  await writeFile(path.join(root, 'place/file'), '')
  await symlink('../outside', path.join(root, 'place/way-out'))
  await symlink('place', path.join(root, 'way-in'))
})

afterAll(() => rm(root, { recursive: true, force: true }))

const at = (name: string) => path.join(root, name)

/** Where a job would work, or why it would not. */
async function open(wanted: string | undefined, host: string[] = [], rule: string[] = []): Promise<string> {
  const folder = await openWorkingFolder(wanted, { host: host.map(at), rule: rule.map(at) })
  if ('reason' in folder) return folder.reason.replaceAll(root, '')
  try {
    // What is entered is that very folder.
    if (process.platform === 'linux') expect(readlinkSync(folder.enter)).toBe(folder.path)
    return folder.path.replace(root, '')
  } finally {
    folder.close()
  }
}

describe('a job works', () => {
  test('where it says, in or below the roots, and anywhere without them', async () => {
    expect(await open(at('place'), ['place'])).toBe('/place')
    expect(await open(at('place/deep'), ['place'])).toBe('/place/deep')
    expect(await open(at('outside'), ['place', 'outside'])).toBe('/outside')
    expect(await open(at('outside'))).toBe('/outside')
    expect(await open('/')).toBe('/')
  })

  test('where symlinks lead, when that is below the roots', async () => {
    expect(await open(at('way-in/deep'), ['place'])).toBe('/place/deep')
  })

  test('in the first root when it names no folder, and below it when it names a relative one', async () => {
    expect(await open(undefined, ['place', 'outside'])).toBe('/place')
    expect(await open('deep', ['place'])).toBe('/place/deep')
    expect(await open(undefined, ['place'], ['outside', 'place/deep'])).toBe('/place/deep')
    expect(await open(undefined, ['place/deep'], ['place'])).toBe('/place/deep')
    expect(await open(undefined)).toBe((await realpath('.')).replace(root, ''))
  })
})

describe('a job is refused', () => {
  test.each([
    ['/', 'is not in the folders of this host (SKYCLAW_WORK_ROOTS)'],
    ['outside', 'is not in the folders of this host'],
    ['places', 'is not in the folders of this host'],
    ['place/../outside', 'is not in the folders of this host'],
    ['place/way-out', '"/place/way-out" is really "/outside", which is not in the folders of this host'],
    ['place/none', 'does not exist'],
    ['place/file', 'is not a folder'],
    ['place/file/x', 'is not a folder'],
  ])('that wants to work in %s when it may work in place only', async (wanted, reason) => {
    expect(await open(wanted === '/' ? wanted : `${root}/${wanted}`, ['place'])).toContain(reason)
  })

  test('when its folder is in the roots of the host or of the rule alone', async () => {
    expect(await open(at('outside'), ['place'], ['outside'])).toContain('SKYCLAW_WORK_ROOTS')
    expect(await open(at('place'), ['place'], ['outside'])).toContain('of the policy file for this command')
    expect(await open(undefined, ['place'], ['outside'])).toContain('SKYCLAW_WORK_ROOTS')
  })

  test('when a relative folder leads out of the root', async () => {
    expect(await open('../outside', ['place'])).toContain('is not in the folders')
    expect(await open('way-out', ['place'])).toContain('is really')
  })

  test('when the name of its folder has a NUL, or is too long', async () => {
    expect(await open(`${root}/place\0`, ['place'])).toContain('cannot be used')
    expect(await open(`${root}/${'x'.repeat(5_000)}`, ['place'])).toContain('cannot be used')
  })

  test.skipIf(process.getuid?.() === 0)('when it may not enter its folder', async () => {
    await mkdir(at('place/closed'))
    await chmod(at('place/closed'), 0o600)
    expect(await open(at('place/closed'), ['place'])).toContain('cannot be used on this host (EACCES)')
  })
})

test('a root that becomes a symlink after the start leads nowhere else', async () => {
  await mkdir(at('pinned'))
  const roots = { host: [pinRoot(at('pinned')), pinRoot(at('later'))], rule: [] }
  await rename(at('pinned'), at('moved'))
  await symlink('outside', at('pinned'))
  await symlink('outside', at('later'))
  for (const name of ['pinned', 'later']) {
    expect(await openWorkingFolder(at(name), roots)).toMatchObject({ exitCode: 126 })
  }
})

test('a path is in a root when it is the root, or goes on after a slash', () => {
  expect([isIn('/a', '/a'), isIn('/a/b', '/a'), isIn('/a/..b', '/a'), isIn('/a', '/')]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect([isIn('/ab', '/a'), isIn('/', '/a'), isIn('/b/a', '/a')]).toEqual([false, false, false])
})

test('a folder that is swapped with a symlink in a loop is never another one than was checked', async () => {
  const [place, real, link] = [at('place/swapped'), at('place/real'), at('place/link')]
  await mkdir(place)
  await symlink('../outside', link)
  const end = new AbortController()
  const swapping = (async () => {
    while (!end.signal.aborted) {
      await rename(place, real)
      await rename(link, place)
      await rename(place, link)
      await rename(real, place)
    }
  })()
  const seen = new Set<string>()
  // Until it was met both ways.
  for (let count = 0; count < 500 || (seen.size < 2 && count < 50_000); count += 1) {
    const folder = await openWorkingFolder(place, { host: [at('place')], rule: [] })
    if ('reason' in folder) {
      seen.add('refused')
      continue
    }
    // Wherever it was moved since: what is entered is the folder that was opened.
    if (process.platform === 'linux') expect(readlinkSync(folder.enter)).not.toContain('outside')
    expect(isIn(folder.path, at('place'))).toBe(true)
    folder.close()
    seen.add('opened')
  }
  end.abort()
  await swapping
  expect([...seen].toSorted()).toEqual(['opened', 'refused'])
})

test.runIf(process.platform === 'linux')('no folder is left open', async () => {
  const folder = await openWorkingFolder(root, { host: [], rule: [] })
  if ('reason' in folder) throw new Error(folder.reason)
  folder.close()
  await expect.poll(() => existsSync(folder.enter) && readlinkSync(folder.enter) === root).toBe(false)
})
