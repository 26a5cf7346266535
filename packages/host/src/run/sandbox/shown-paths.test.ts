import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hiddenIn, readShownPaths, unfitFolder } from './shown-paths.ts'

let root: string
let dir: string

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyclaw-shown-')))
  dir = path.join(root, 'work', '.skyclaw', 'hosts', 'one')
  mkdirSync(dir, { recursive: true })
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('of a folder that is shown the first one on the way to the own folder is hidden, and nothing of others', () => {
  expect(hiddenIn(path.join(root, 'work'), dir)).toBe(path.join(root, 'work', '.skyclaw'))
  expect(hiddenIn(root, dir)).toBe(path.join(root, 'work'))
  expect(hiddenIn(path.join(root, 'wor'), dir)).toBeUndefined()
  expect(hiddenIn(path.join(root, 'other'), dir)).toBeUndefined()
})

test('what lies beside the own folder in .skyclaw is own as well, and no job works there, by a symlink neither', () => {
  for (const below of ['.skyclaw', '.skyclaw/hosts', '.skyclaw/hosts/one/spool', '.skyclaw/coordinator']) {
    expect(unfitFolder(path.join(root, 'work', below), dir)).toContain("the host's own folder")
  }
  symlinkSync(dir, path.join(root, 'link'))
  expect(unfitFolder(dir, path.join(root, 'link'))).toContain("the host's own folder")
  expect(readShownPaths([path.join(root, 'link')], dir)).toEqual({ reason: expect.stringContaining('own folder') })
  expect(unfitFolder(path.join(root, 'work'), dir)).toBeUndefined()
  expect(unfitFolder(path.join(root, 'work', '.skyclaw-not'), dir)).toBeUndefined()
})

test('paths are read-only unless they end with :rw, and are taken as they are written otherwise', () => {
  expect(readShownPaths(['/models/', '/scratch:rw', '/a:b', '/x/../y'], dir)).toEqual([
    { path: '/models', writable: false },
    { path: '/scratch', writable: true },
    { path: '/a:b', writable: false },
    { path: '/y', writable: false },
  ])
  expect(readShownPaths(['/ok', '/x/..'], dir)).toEqual({ reason: expect.stringContaining('would show everything') })
})
