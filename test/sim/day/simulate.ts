import { parseArgs } from 'node:util'
import { type TraceSink, traceLine } from '../report/trace.ts'
import { countsLine } from '../report/print.ts'
import { type DayOutcome, runDay } from './run-day.ts'

const usage = `pnpm simulate:day [--from S] [--seeds N] [--hours H] [--trace]

Runs a day of virtual time (ten minutes of a processor or more, and some GB of memory, for what is audited) for each of the seeds S, S + 1, ...: coordinators, hosts and clients at the pace of real life, faults some minutes apart, what ended
forgotten a dozen times over. In the end all must agree, and nothing be left of what ended, on disks and in memory.

  --from S    the first seed (a random one)
  --seeds N   how many (1)
  --hours H   how long the day is (24); a shorter one has as many faults
  --trace     prints every event: some gigabytes for a whole day`

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else main()

function main(): void {
  const [from, seeds, hours] = (['from', 'seeds', 'hours'] as const).map((name) => positive(name, values[name]))
  const trace: TraceSink = { add: (atMs, line) => console.log(traceLine(atMs, line)) }
  for (let seed = from!; seed < from! + seeds!; seed += 1) {
    const startedAt = performance.now()
    const outcome = runDay(seed, hours!, values.trace ? trace : undefined)
    print(outcome, (performance.now() - startedAt) / 1_000)
    if (!outcome.violation) continue
    console.log(`again: pnpm simulate:day --from ${seed} --hours ${hours} --trace`)
    process.exitCode = 1
    return
  }
}

function print({ seed, violation, virtualMs, events, coverage, hours }: DayOutcome, seconds: number): void {
  const ended = violation ? `${violation.key} ${violation.sentence}` : 'nothing was broken, and all is at rest'
  const held = hours.map(({ records, registers, unlearned }) => `${records}/${registers}/${unlearned}`)
  const lines = [
    `seed ${seed}: ${(virtualMs / 3_600_000).toFixed(1)} virtual hours in ${seconds.toFixed(0)} s, ${events} events, ${coverage.messages} messages: ${ended}`,
    `faults: ${countsLine(coverage.faults)}`,
    `marks: ${countsLine(coverage.marks)}`,
    `most records/registers/not learned at a coordinator, by the hour: ${held.join(' ')}`,
  ]
  for (const line of lines) console.log(line)
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0 && (name === 'hours' || Number.isSafeInteger(value))) return value
  throw new Error(`--${name} must be a number above 0, and is ${text}`)
}
