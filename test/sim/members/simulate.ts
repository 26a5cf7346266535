import { parseArgs } from 'node:util'
import { measure, percentile } from './measure.ts'
import { memberMutants } from './mutants.ts'
import { randomRun } from './random-run.ts'
import { runMutant } from './run-mutant.ts'
import { printTable } from './table.ts'

const usage = `pnpm simulate:members [--sizes 20,50,100,200] [--churn PERCENT] [--minutes M] [--from SEED]
pnpm simulate:members --seeds N [--from SEED] [--mutant NAME] [--trace]

Runs the membership of many coordinators in one process, on virtual time, and prints what it costs and how fast it is; or, with --seeds,
runs of random faults, until one ends in disagreement or in the death of one that was never silent for long.

  --sizes N,N    coordinators of each network
  --churn P      so many per cent of them are struck each minute (10)
  --minutes M    virtual time under churn of each (as many as make 40 strikes, 4 at least)
  --seeds N      random runs instead
  --from SEED    the first seed (a random one)
  --mutant NAME  with that rule broken: ${memberMutants.map(({ name }) => name).join(', ')}
  --trace        prints every event of one random run`

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '20,50,100,200' },
    churn: { type: 'string', default: '10' },
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    mutant: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const from = number('from', values.from)
if (values.help) console.log(usage)
else if (values.trace) trace()
else if (values.seeds === undefined) table()
else if (values.mutant !== undefined) console.log(await runMutant(values.mutant, from, number('seeds', values.seeds)))
else random(number('seeds', values.seeds))

function table(): void {
  const sharePerMinute = number('churn', values.churn) / 100
  const sizes = values.sizes.split(',').map((size) => number('sizes', size))
  const began = performance.now()
  const rows = sizes.map((coordinators) => {
    const strikes = 40 / (sharePerMinute * coordinators)
    const minutes = values.minutes === undefined ? Math.max(4, strikes) : number('minutes', values.minutes)
    return measure({ seed: from, coordinators, churnMs: minutes * 60_000, sharePerMinute })
  })
  printTable(rows)
  const seconds = ((performance.now() - began) / 1_000).toFixed(0)
  console.log(`seed ${from}, ${values.churn} % of the coordinators struck each minute; took ${seconds} s`)
  if (rows.some(({ falseDeaths, settleMs }) => falseDeaths.length > 0 || settleMs === undefined)) process.exitCode = 1
}

function random(seeds: number): void {
  const faults = new Map<string, number>()
  const settled: number[] = []
  for (let seed = from; seed < from + seeds; seed += 1) {
    const outcome = randomRun(seed)
    for (const [kind, times] of outcome.faults) faults.set(kind, (faults.get(kind) ?? 0) + times)
    if (outcome.settledMs !== undefined) settled.push(outcome.settledMs)
    if (outcome.broken === undefined) continue
    console.log(`seed ${seed}: ${outcome.broken}`)
    console.log(`again: pnpm simulate:members --from ${seed} --trace`)
    process.exitCode = 1
    return
  }
  const seconds = [0.5, 0.99, 1].map((share) => ((percentile(settled, share) ?? 0) / 1_000).toFixed(1))
  console.log(`time until all agree: p50 ${seconds[0]} s, p99 ${seconds[1]} s, most ${seconds[2]} s`)
  console.log(`${seeds} seeds from ${from} broke nothing: ${[...faults].map(([kind, n]) => `${kind} ${n}`).join(', ')}`)
}

function trace(): void {
  const { broken } = randomRun(from, (line) => console.log(line))
  console.log(broken ?? 'nothing is broken')
  if (broken !== undefined) process.exitCode = 1
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new Error(`--${name} must be a number, and is ${JSON.stringify(text)}`)
}
