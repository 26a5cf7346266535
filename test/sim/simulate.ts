import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { printResult } from './report/print.ts'
import { Trace } from './report/trace.ts'
import { runSeeds } from './run/children.ts'
import { explainSeed, traceSeed } from './run/explain.ts'
import { runSeed } from './run-seed.ts'

const usage = `pnpm simulate [--seeds N] [--from S] [--seconds T] [--jobs J] [--mutant NAME] [--trace]

Runs the simulation of seeds S, S + 1, ... until one is broken, N have run or T seconds are over.

  --seeds N      how many seeds at most (1000)
  --from S       the first seed (a random one)
  --seconds T    how long at most (3600)
  --jobs J       child processes at once (the machine's processors)
  --mutant NAME  with that rule broken: ${mutants.map(({ name }) => name).join(', ')}
  --trace        prints every event of seed S; runs no other`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string' },
    seconds: { type: 'string', default: '3600' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    mutant: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else await main()

async function main(): Promise<void> {
  const from = values.from === undefined ? Math.floor(Math.random() * 2 ** 31) : whole('from', values.from)
  // A mutant has to be there before anything is loaded.
  const hooked = values.mutant === undefined || values.mutant === process.env['SKYCLAW_SIM_MUTANT']
  if (values.trace) return hooked ? printTrace(from) : console.log(await traceSeed(from, values.mutant))
  const options = {
    from,
    seeds: whole('seeds', values.seeds),
    seconds: whole('seconds', values.seconds),
    jobs: whole('jobs', values.jobs),
    mutant: values.mutant,
  }
  console.log(`seeds from ${from}${values.mutant === undefined ? '' : `, with ${values.mutant}`}`)
  const result = await runSeeds(options)
  printResult(result)
  if (!result.broken) return
  console.log(await explainSeed(result.broken, values.mutant))
  process.exitCode = 1
}

function printTrace(seed: number): void {
  const trace = new Trace()
  const { violation } = runSeed(seed, trace)
  for (const line of trace.lines) console.log(line)
  if (violation) process.exitCode = 1
}

function whole(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} must be a whole number, and is ${text}`)
}
