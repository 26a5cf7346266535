import { expect, test } from 'vitest'
import type { Flags } from './flag.ts'
import { scan } from './scan.ts'

const flags = {
  json: { type: 'boolean', description: '' },
  help: { type: 'boolean', alias: 'h', description: '' },
  cwd: { type: 'string', description: '' },
  env: { type: 'string', description: '', repeatable: true },
} as const satisfies Flags

test('everything after a wrapped command belongs to it, flags and -- included', () => {
  const words = ['--json', 'bash', '-lc', 'echo hello', '--help', '--', '--cwd', 'x']
  const scanned = scan(words, flags, true)
  expect(scanned.wrapped).toEqual(words.slice(1))
  expect([...scanned.flags.keys()]).toEqual(['json'])
})

test('a -- before the wrapped command is dropped, the next one is kept', () => {
  expect(scan(['--cwd', '/x', '--', '--', '-x'], flags, true).wrapped).toEqual(['--', '-x'])
  expect(scan(['--', '--json'], flags, true).wrapped).toEqual(['--json'])
})

test('a value may start with a dash, hold equals signs, or be empty', () => {
  const scanned = scan(['--cwd', '-dir', '--env', 'A=b=c', '--env='], flags, false)
  expect(scanned.flags.get('cwd')).toEqual(['-dir'])
  expect(scanned.flags.get('env')).toEqual(['A=b=c', ''])
})

test('flags may stand behind positionals of commands that wrap nothing, up to a --', () => {
  const scanned = scan(['job', '--json', '--', '--cwd'], flags, false)
  expect(scanned.positionals).toEqual(['job', '--cwd'])
  expect(scanned.flags.has('json')).toBe(true)
})

test('an alias is its flag', () => {
  expect(scan(['-h'], flags, true).flags.has('help')).toBe(true)
})

test.each([
  [['--jsno'], 'unknown flag --jsno; did you mean --json?'],
  [['--frobnicate'], 'unknown flag --frobnicate'],
  [['-x'], 'unknown flag -x'],
  [['--constructor'], 'unknown flag --constructor'],
  [['--cwd'], '--cwd needs a value'],
  [['--json=1'], '--json takes no value'],
  [['--cwd', 'a', '--cwd', 'b'], '--cwd is given twice'],
])('%j is refused: %s', (words, message) => {
  expect(() => scan(words, flags, true)).toThrow(expect.objectContaining({ name: 'UsageError', message }))
})
