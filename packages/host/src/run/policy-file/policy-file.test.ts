import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HostError } from '../../errors.ts'
import { readPolicyFile } from './policy-file.ts'
import { PolicyFileError } from './problems.ts'

let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyclaw-policy-file-'))
  file = path.join(folder, 'policy.yaml')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string | Buffer) {
  writeFileSync(file, text)
  return readPolicyFile(file)
}

/** The problems of a file, without its name. */
function problemsOf(text: string | Buffer): string[] {
  try {
    read(text)
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    return error.problems.map((problem) => problem.replace(`${file}:`, ''))
  }
  throw new Error('the file is right')
}

/** With a rule for one command around it. */
const rule = (lines: string) => `version: 1\ncommands:\n  - command: git\n    ${lines}\n`

test('a rule has what it says, and else what stands at the top', () => {
  const { rules, bounds } = read(`version: 1
env: [LANG_*]
roots: [${folder}]
limits: { memory: 1.5GiB, time: 2 h, output: 10MB }
commands:
  - command: git
    args: [[status], [log, -n, 5]]
    env: [GIT_DIR, 'APP_*']
    limits: { memory: 100MB }
  - command: /usr/bin/env
    roots: [/]
    limits: { cpu: 90s, openFiles: 64, processes: 4 }
`)
  expect(bounds).toMatchObject({ roots: [folder], limits: { memoryBytes: 1_610_612_736, timeoutMs: 7_200_000 } })
  expect(rules).toMatchObject([
    {
      command: 'git',
      line: 6,
      forms: [[{ text: 'status' }], [{ text: 'log' }, { text: '-n' }, { text: '5' }]],
      roots: [folder],
      limits: { memoryBytes: 100_000_000, timeoutMs: 7_200_000, outputBytes: 10_000_000 },
    },
    {
      command: '/usr/bin/env',
      line: 10,
      forms: undefined,
      roots: ['/'],
      limits: { cpuMs: 90_000, openFiles: 64, processes: 4 },
    },
  ])
  const [git, env] = rules
  const names = ['GIT_DIR', 'APP_X', 'GIT_PAGER', 'LANG_X', 'OTHER', 'SKYCLAW_TOKEN']
  expect(names.filter((name) => git?.env?.allows(name))).toEqual(['GIT_DIR', 'APP_X'])
  expect(names.filter((name) => env?.env?.allows(name))).toEqual(['LANG_X'])
})

test('a beginning stands for no protected name, and * for all others', () => {
  const [git] = read(rule("env: ['*', PATH]")).rules
  expect(['A', 'PATH', 'LD_PRELOAD', 'SKYCLAW_X', 'BASH_ENV'].filter((name) => git?.env?.allows(name))).toEqual([
    'A',
    'PATH',
  ])
  expect(read(rule('env: []')).rules[0]?.env?.allows('A')).toBe(false)
})

test('roots are what they are when the file is read, symlinks followed', () => {
  mkdirSync(path.join(folder, 'real'))
  symlinkSync('real', path.join(folder, 'link'))
  expect(read(rule(`roots: [${folder}/link, ${folder}/none/../later]`)).rules[0]?.roots).toEqual([
    path.join(folder, 'real'),
    path.join(folder, 'later'),
  ])
})

test.each([
  ['version: 2', '1:10: version must be 1'],
  ['commands: []', '1:1: the policy file must say version: 1'],
  ['version: 1\ncommands: []', '2:1: commands must list at least one command, or be left out'],
  ['version: 1\ncommands:', '2:10: commands must be a list'],
  ['version: 1\ncommands: git', '2:11: commands must be a list'],
  [
    'version: 1\ncommand: git',
    '2:1: unknown key "command": the policy file can have version, env, roots, limits, commands',
  ],
  ['version: 1\n? [a]\n: b', '2:3: unknown key a key that is no text'],
  ['', '1:1: the policy file must be a map'],
  ['- a', '1:1: the policy file must be a map'],
  ['version: 1\nversion: 1', '2:1: no valid YAML: Map keys must be unique'],
  ['version: 1\n---\nversion: 1', '2:1: no valid YAML: Source contains multiple documents'],
  ['version: 1\nroots: [a', '2:10: no valid YAML: Flow sequence'],
  ['version: !!js/function 1', '1:10: no valid YAML: Unresolved tag'],
  ['version: 1\nroots: []', '2:1: roots must list at least one folder'],
  ['version: 1\nroots: [/srv, srv]', '2:15: "srv" must be an absolute path'],
  ['version: 1\nroots: [null]', '2:9: an entry of roots must be a text'],
  ['version: 1\nlimits: {memory: 2}', '2:18: limits.memory must be a size with its unit'],
  ['version: 1\nlimits: {memory: 2gib}', '2:18: limits.memory must be a size'],
  ['version: 1\nlimits: {memory: 1B}', '2:18: limits.memory must be from 1048576 to'],
  ['version: 1\nlimits: {cpu: 10GiB}', '2:15: limits.cpu must be a time with its unit'],
  ['version: 1\nlimits: {time: 9999h}', '2:16: limits.time must be from 1 to 604800000 ms'],
  ['version: 1\nlimits: {openFiles: 1.5}', '2:21: limits.openFiles must be a whole number from 8'],
  ['version: 1\nlimits: {files: 8}', '2:10: unknown key "files": limits can have memory, cpu, time'],
  ['version: 1\nenv: [A-B]', '2:7: "A-B" must be the name of a variable'],
  ['version: 1\nenv: [SKYCLAW_URL]', '2:7: SKYCLAW_URL cannot be listed'],
  ['version: 1\nenv: [SKYCLAW_*]', '2:7: SKYCLAW_* cannot be listed'],
  ['version: 1\nenv: [LD_*]', '2:7: LD_* stands for protected variables'],
  ['version: 1\ncommands: [{args: [[a]]}]', '2:12: an entry of commands must name its command'],
  ['version: 1\ncommands: [{command: ./git}]', '2:22: "./git" must be a bare name such as git or an absolute path'],
  ['version: 1\ncommands: [{command: " git"}]', '2:22: " git" must be a bare name'],
  ['version: 1\ncommands: [{command: "a\\0"}]', '2:22: command must not have a NUL'],
  [rule('args: []'), '4:5: args must list at least one form'],
  [rule('args: [status]'), '4:12: a form of args, such as [status, --short] must be a list'],
  [rule("args: [['**', a]]"), '4:13: ** must be the last of its form'],
  [rule('args: [[a, *]]'), "4:16: a pattern is written in quotes: '*'"],
  [rule('args: [[a, **]]'), "4:16: the alias ** has no anchor; a pattern is written in quotes: '**'"],
  [rule('args: [[*x]]'), '4:13: the alias *x has no anchor'],
  [rule("args: [['/(/']]"), '4:13: /(/ is no regular expression: Unterminated group'],
  [rule("args: [['/a)|(b/']]"), '4:13: /a)|(b/ is no regular expression'],
  [rule('') + '  - command: git\n', '5:5: is never reached: line 3 allows git with any arguments already'],
])('%j is an error that names line and column', (text, problem) => {
  const problems = problemsOf(text)
  expect(
    problems.filter((one) => one.startsWith(problem)),
    problems.join('\n'),
  ).toHaveLength(1)
})

test('all problems are told, and the first one stands in the message', () => {
  const text = 'version: 1\nroots: [a, b]\nenv: [C D]\n'
  expect(problemsOf(text)).toHaveLength(3)
  expect(() => read(text)).toThrow(HostError)
  expect(() => read(text)).toThrow(/policy\.yaml:2:9: "a" must be an absolute path.* \(and 2 more\)$/)
})

test('further rules for a command are tried in order, and aliases repeat what has an anchor', () => {
  const { rules } = read(`version: 1
commands:
  - { command: git, args: [[a]], limits: &small { memory: 64MiB } }
  - { command: git, limits: *small }
`)
  expect(rules.map(({ limits }) => limits)).toEqual([{ memoryBytes: 67_108_864 }, { memoryBytes: 67_108_864 }])
})

test('a file that aliases make huge is refused', () => {
  const forms = `[${'[x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x],'.repeat(200)}]`
  const more = '  - { command: git, args: *all }\n'.repeat(60)
  const text = `version: 1\ncommands:\n  - { command: git, args: &all ${forms} }\n${more}`
  expect(problemsOf(text).join()).toContain('has more than 100000 values, with what its aliases repeat')
})

test.each([
  ['no UTF-8', Buffer.from([0xff, 0xfe, 0x41])],
  ['larger than 262144 bytes', `# ${'x'.repeat(262_144)}`],
  ['thousands of brackets within each other', '['.repeat(50_000)],
])('a file that is %s is refused', (_, text) => {
  expect(problemsOf(text).length).toBeGreaterThan(0)
})

test('a file that is not there, is a folder or a pipe is refused at once', () => {
  expect(() => readPolicyFile(path.join(folder, 'none'))).toThrow('none does not exist')
  expect(() => readPolicyFile(folder)).toThrow('is not a file')
  execFileSync('/usr/bin/mkfifo', [path.join(folder, 'pipe')])
  expect(() => readPolicyFile(path.join(folder, 'pipe'))).toThrow('is not a file')
})
