import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { checkTarballTypes, lintTarball } from '../../scripts/check/packed.ts'
import { runCommand } from '../../scripts/check/run-command.ts'
import { checkSchema } from '../../scripts/check/schema.ts'
import { copyFixture, expectedViolations } from './fixture.ts'

test('the linter reports exactly the lines of its fixture that break a rule', () => {
  const folder = copyFixture('lint', ['.oxlintrc.json'])
  const output = runCommand(folder, 'oxlint', ['--format', 'unix'])
  const reported = output.flatMap((line) => {
    const found = line.match(/^(\S+?):(\d+):\d+: .*\[Error\/[\w-]+\((\S+)\)\]$/)
    return found ? [`${found[1]}:${found[2]} ${found[3]}`] : []
  })
  expect(reported.toSorted()).toEqual(expectedViolations(folder).toSorted())
  expect(output.at(-1)).toMatch(/exit code 1$/)
})

test('the format check names the file that is not formatted, and no other', () => {
  const output = runCommand(copyFixture('format', ['.oxfmtrc.json']), 'oxfmt', ['--check', '.']).join('\n')
  expect(output).toContain('packages/host/src/badly.ts')
  expect(output).not.toContain('well.ts')
  expect(output).toMatch(/exit code 1$/)
})

test('the compiler refuses unchecked elements, explicit undefined and enums', () => {
  const folder = copyFixture('types', ['tsconfig.base.json'])
  const output = runCommand(folder, 'tsc', ['-p', '.', '--pretty', 'false'])
  const reported = output.flatMap((line) => {
    const found = line.match(/^(\S+)\((\d+),\d+\): error (TS\d+)/)
    return found ? [`${found[1]}:${found[2]} ${found[3]}`] : []
  })
  expect(reported).toEqual(expectedViolations(folder))
})

test('knip names the unused file, export and dependency and the undeclared import', () => {
  const output = runCommand(copyFixture('knip', ['knip.json']), 'knip', ['--no-progress', '--no-config-hints']).join(
    '\n',
  )
  expect(output).toMatch(/Unused files \(1\)\npackages\/host\/src\/unused-file.ts/)
  expect(output).toMatch(/Unused dependencies \(1\)\nnever-imported /)
  expect(output).toMatch(/Unlisted dependencies \(1\)\nnever-declared /)
  expect(output).toMatch(/Unused exports \(1\)\nunusedExport /)
  expect(output).toMatch(/exit code 1$/)
})

test('publint names the absent entry point and the types that come too late', () => {
  const output = lintTarball(tmpdir(), pack(copyFixture('publint'))).join('\n')
  expect(output).toContain('./absent.js but the file does not exist')
  expect(output).toContain('exports["."].types should be the first in the object')
  expect(output).toMatch(/exit code 1$/)
})

test('attw names the entry point without types', () => {
  const output = checkTarballTypes(tmpdir(), pack(copyFixture('attw'))).join('\n')
  expect(output).toContain('@skyclaw/attw-fixture/untyped')
  expect(output).toMatch(/No types/i)
  expect(output).toMatch(/exit code 1$/)
})

test('the schema check shows the statement that no migration has', () => {
  const folder = copyFixture('schema')
  const modules = resolve(import.meta.dirname, '../../packages/store/node_modules')
  symlinkSync(modules, join(folder, 'packages/store/node_modules'))
  expect(checkSchema(folder)).toEqual([
    'packages/store/src/schema needs a migration (run "pnpm migration"): ALTER TABLE `jobs` ADD `forgotten` text;',
  ])
})

function pack(folder: string): string {
  const name = execFileSync('npm', ['pack', '--silent', '--offline'], { cwd: folder, encoding: 'utf8' }).trim()
  return join(folder, name)
}
