/** Runs the benchmark: `pnpm bench`, or `pnpm bench NAME…`. See the README beside this. */
import { parseArgs } from 'node:util'
import { runScenario } from './run/run-scenario.ts'
import { renderResult } from './report/terminal.ts'
import { scenarios } from './scenarios/scenarios.ts'

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: { runs: { type: 'string' }, scale: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const wanted = positionals.length > 0 ? scenarios.filter(({ name }) => positionals.includes(name)) : scenarios
for (const scenario of wanted) {
  const result = await runScenario(scenario, { scale: Number(values.scale) }, Number(values.runs ?? scenario.runs))
  process.stdout.write(`${renderResult(result)}\n`)
}
