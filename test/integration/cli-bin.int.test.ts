import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { spawnProgram } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'

const bin = fileURLToPath(new URL('../../packages/cli/bin/skyclaw.js', import.meta.url))

/** A Node older than the program needs, when this machine has one. */
function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  return folders
    .map((folder) => join(folder, 'node'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return Number.parseInt(execFileSync(file, ['--version'], { encoding: 'utf8' }).slice(1), 10) < 24
      } catch {
        return false
      }
    })
}

const oldNode = findOldNode()
const preload = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
)}`

test('on a Node older than 24 the bin prints one line that says so and exits with 1', async () => {
  const [program, words] = oldNode ? [oldNode, [bin]] : [process.execPath, ['--import', preload, bin]]
  const { code, stdout, stderr } = await spawnProgram({ program, args: [...words, 'health'], cwd: tempFolder() }).ended
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^skyclaw needs Node\.js 24 or newer, and this is \d+\.\d+\.\d+: [^\n]+\n$/)
})
