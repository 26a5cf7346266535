import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runInProcess } from '../../test/fake-io.ts'
import { tempFolder } from '../../test/temp-folder.ts'

/** Looks at a policy file, in a folder of its own, with a PATH on which the usual commands are. */
function bench(text: string) {
  const folder = tempFolder()
  const file = join(folder, 'policy.yaml')
  mkdirSync(join(folder, 'work'))
  writeFileSync(file, text.replaceAll('FOLDER', folder))
  const env = { PATH: process.env['PATH'] ?? '', SKYCLAW_COORDINATOR_URL: 'http://127.0.0.1:1' }
  const check = (...words: string[]) => runInProcess(['host', '--check-policy', file, ...words], { env })
  return { folder, file, check }
}

const policy = `version: 1
roots: [FOLDER/work]
commands:
  - command: cat
    args: [['-n', '*']]
  - command: sort
    limits: { memory: 64MiB, time: 90s }
  - command: not-installed-here
`

test('a command that a rule allows runs, by the file and line of that rule, and exits with 0', async () => {
  const { file, folder, check } = bench(policy)
  const { code, stdout, stderr } = await check('--', 'cat', '-n', 'notes.txt')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^runs\n/)
  expect(stdout).toContain(`rule    ${file}:4\n`)
  expect(stdout).toContain(`folder  ${folder}/work\n`)
  expect((await check('sort', '-r')).stdout).toContain('limits  memory=64MiB time=90s\n')
})

test.each([
  [['cat', '-e', 'x'], 'with these arguments'],
  [['cat', '-n', '-e'], 'with these arguments'],
  [['--', '/bin/cat', '-n', 'x'], 'neither SKYCLAW_ALLOWED_COMMANDS nor'],
  [['./sort'], 'neither SKYCLAW_ALLOWED_COMMANDS nor'],
  [['--cwd', '/', 'sort'], 'is not in the folders of the policy file'],
  [['--env', 'LD_PRELOAD=/x', 'sort'], 'LD_PRELOAD'],
  [['not-installed-here'], 'was not found on its PATH at start'],
])('%j is refused with the reason, and exits with 1', async (words, reason) => {
  const { code, stdout } = await bench(policy).check(...words)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^refused with 12[67]: /)
  expect(stdout).toContain(reason)
})

test('the allowlist counts as it does for the host', async () => {
  const { check } = bench(policy)
  expect((await check('--allowed-commands', 'true', 'true')).stdout).toContain('SKYCLAW_ALLOWED_COMMANDS')
  // The rules of the file alone decide about what it names.
  expect(await check('--allowed-commands', 'cat', 'cat')).toMatchObject({ code: 1 })
})

test('without a command it shows the rules of a file that is right', async () => {
  const { file, check } = bench(policy)
  const { code, stdout } = await check()
  expect(code).toBe(0)
  expect(stdout).toContain(`${file} is right.\nCOMMAND`)
  expect(stdout).toMatch(/cat .*policy\.yaml:4 +\[-n, \*\]\n/)
  expect(stdout).toMatch(/not-installed-here +not found .*policy\.yaml:8 +any\n/)
})

test('a file that is wrong exits with 1, and each problem has a line with its place', async () => {
  const { file, check } = bench('version: 1\nroots: [work]\nenv: [A-B]\n')
  const { code, stdout, stderr } = await check('cat')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(
    `skyclaw: ${file}:2:9: "work" must be an absolute path, such as /srv/work\n` +
      `skyclaw: ${file}:3:7: "A-B" must be the name of a variable, or the beginning of names such as APP_*\n`,
  )
})

test.each([[['--cwd', '/']], [['--env', 'A=b']], [['echo']]])(
  'host %j without a check is wrong usage',
  async (words) => {
    expect(await runInProcess(['host', ...words])).toMatchObject({ code: 2, stdout: '' })
  },
)

test('a check that has a folder and no command is wrong usage', async () => {
  expect(await bench(policy).check('--cwd', '/')).toMatchObject({ code: 2, stdout: '' })
})
