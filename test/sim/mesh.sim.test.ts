import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { regressionSeeds } from './regression-seeds.ts'
import { printResult } from './report/print.ts'
import { Trace } from './report/trace.ts'
import { runSeeds } from './run/children.ts'
import { explainSeed } from './run/explain.ts'
import { checkMutants, verdictLine } from './run/mutation-check.ts'
import { runSeed } from './run-seed.ts'

const minuteMs = 60_000
const seconds = Number(process.env['SIM_SECONDS'] ?? 30)
const jobs = availableParallelism()
const from = Math.floor(Math.random() * 2 ** 31)

test('a seed that runs twice is the same run, event by event', { timeout: minuteMs }, () => {
  const traces = [new Trace(), new Trace()]
  for (const trace of traces) runSeed(from, trace)
  expect(traces[0]?.lines.length).toBeGreaterThan(100)
  expect(traces[1]?.lines).toEqual(traces[0]?.lines)
})

test.each(regressionSeeds)('seed %i breaks nothing any more', { timeout: 2 * minuteMs }, (seed) => {
  expect(runSeed(seed).violation).toBeUndefined()
})

test('seeds that nobody has run before break nothing', { timeout: seconds * 1_000 + 2 * minuteMs }, async () => {
  const result = await runSeeds({ from, seeds: 1_000_000, seconds, jobs, mutant: undefined })
  process.stdout.write(`seeds from ${from}\n`)
  printResult(result)
  if (result.broken) expect.fail(await explainSeed(result.broken, undefined))
  expect(result.seeds).toBeGreaterThan(0)
})

test('each broken variant of the code is found by the same random runs', { timeout: 15 * minuteMs }, async () => {
  process.stdout.write(`mutants, seeds from ${from}\n`)
  const verdicts = await checkMutants(from, jobs, (verdict) => process.stdout.write(`${verdictLine(verdict)}\n`))
  const survivors = verdicts.filter(({ seed }) => seed === undefined)
  expect(survivors.map(({ mutant }) => mutant.name)).toEqual([])
  expect(verdicts).toHaveLength(mutants.length)
})
