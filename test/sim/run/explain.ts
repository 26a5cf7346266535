import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import type { Outcome } from '../run-seed.ts'

/** Lines of a record's history that are shown; the last ones tell most. */
const shownLines = 60

/** Runs a broken seed again with a trace, and tells what was broken, what happened to that record, and how to see all of it. */
export async function explainSeed({ seed, violation }: Outcome, mutant: string | undefined): Promise<string> {
  const lines = (await traceSeed(seed, mutant)).split('\n')
  const broken = lines.find((line) => line.includes(' VIOLATION ')) ?? ''
  const { sentence, key } = violation!
  const story = lines.filter((line) => (key !== '' && line.includes(key)) || isTurningPoint(line))
  const end = story.indexOf(broken)
  const shown = story.slice(Math.max(0, end - shownLines), end + 1)
  const options = `--from ${seed}${mutant === undefined ? '' : ` --mutant ${mutant}`}`
  return [
    `history of ${key === '' ? 'the machines' : `${key}, with what befell the machines`}:`,
    ...shown.map((line) => line.slice(0, 400)),
    '',
    `seed ${seed}: ${key === '' ? '' : `${key}: `}${sentence}`,
    ...(broken === ''
      ? ['This did not happen again: the code has changed meanwhile, or a seed does not decide everything.']
      : []),
    `again: pnpm simulate ${options} --seeds 1    every event: pnpm simulate ${options} --trace`,
  ].join('\n')
}

function isTurningPoint(line: string): boolean {
  return / n\d+ (starts|crashes|loses|has M)\b| fault: | faults stop/.test(line)
}

/** Every event of a seed, as a child process that has the mutant from its start on prints it. */
export function traceSeed(seed: number, mutant: string | undefined): Promise<string> {
  const hook = mutant === undefined ? [] : ['--import', resolve(import.meta.dirname, 'mutant-hook.ts')]
  const program = resolve(import.meta.dirname, '../simulate.ts')
  const args = ['--conditions=@skyclaw/source', ...hook, program, '--from', String(seed), '--trace']
  const env = { ...process.env, ...(mutant !== undefined && { SKYCLAW_SIM_MUTANT: mutant }) }
  return new Promise((done) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 30 }, (_error, stdout) => done(stdout))
  })
}
