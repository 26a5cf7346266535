import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runInProcess } from './fake-io.ts'

const { stdout: script } = await runInProcess(['completion', 'bash'])

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const asking = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _skyclaw; printf '%s\\n' "\${COMPREPLY[@]}"`
  const answer = execFileSync('bash', ['-c', asking, 'bash', 'skyclaw', ...words], { encoding: 'utf8' })
  return answer.split('\n').filter((word) => word !== '')
}

test('commands are completed below their groups, and flags of the command', () => {
  expect(offered('')).toEqual(expect.arrayContaining(['up', 'run', 'jobs', 'completion']))
  expect(offered('enq')).toEqual(['enqueue-shell', 'enqueue-openclaw'])
  expect(offered('jobs', '')).toEqual(expect.arrayContaining(['list', 'logs', 'cancel']))
  expect(offered('jobs', 'logs', '--f')).toEqual(['--follow'])
  expect(offered('jobs', 'logs', '-')).toEqual(expect.arrayContaining(['-f', '--attempt', '--help']))
  expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish'])
})

test('values of flags, however they are written, are neither flags nor commands', () => {
  expect(offered('jobs', 'logs', '--stream', '')).toEqual([])
  expect(offered('jobs', 'logs', '--stream', '=', 'st')).toEqual([])
  expect(offered('jobs', 'logs', '--stream', 'stdout', '--f')).toEqual(['--follow'])
  expect(offered('jobs', 'logs', '--stream', '=', 'stdout', '--f')).toEqual(['--follow'])
  expect(offered('run', '--priority', 'jobs', '--prio')).toEqual(['--priority'])
})

test('what belongs to the command of a job is left to the shell', () => {
  expect(offered('run', '--c')).toEqual(['--cwd'])
  expect(offered('run', 'bash', '--c')).toEqual([])
  expect(offered('run', '--', '--c')).toEqual([])
})

test.each(['zsh', 'fish'])(
  'the script for %s names every command and flag that the one for bash does',
  async (shell) => {
    const { stdout } = await runInProcess(['completion', shell])
    const words = new Set(script.match(/(?<=[ '])-{0,2}[a-z][a-z-]+(?=[ '])/g))
    const flags = [...words].filter((word) => word.startsWith('--'))
    expect(flags.length).toBeGreaterThan(40)
    for (const flag of flags) expect(stdout).toContain(shell === 'fish' ? `-l ${flag.slice(2)}` : `'${flag}:`)
  },
)
