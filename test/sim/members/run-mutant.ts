import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

const hook = resolve(import.meta.dirname, '../run/mutant-hook.ts')
const program = resolve(import.meta.dirname, 'simulate.ts')

/** Random runs with one rule broken, in a child process. Answers what it printed: the seed that was broken and how, if one was. */
export function runMutant(name: string, from: number, seeds: number): Promise<string> {
  const args = ['--conditions=@skyclaw/source', '--import', hook, program, '--seeds', `${seeds}`, '--from', `${from}`]
  const env = { ...process.env, SKYCLAW_SIM_MUTANT: name }
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { env }, (error, stdout) => {
      // With the exit code 1 and a sentence on its output it has found what it should; otherwise something went wrong.
      if (error && !stdout.startsWith('seed ')) fail(error)
      else done(stdout)
    })
  })
}
