/** Runs the benchmark: `pnpm bench`, or `pnpm bench NAME…`. docs/benchmark.md says what it measures, and how. */
import { readCommandLine, usage, type Wish } from './command-line.ts'
import { describeMachine } from './report/machine.ts'
import { currentCommit, type DatedResult, mergeReport, readReport, writeReport } from './report/report.ts'
import { summaryHead, summaryRows } from './report/summary.ts'
import { renderMachine, renderResult } from './report/terminal.ts'
import { columns } from './report/text.ts'
import { writePlots } from './plot/write-plots.ts'
import { cleanUpWhenInterrupted, inFolder } from './run/children.ts'
import { canCountSyncs, withoutStrace } from './run/count-syncs.ts'
import { runScenario } from './run/run-scenario.ts'
import { scenarios } from './scenarios/scenarios.ts'

const names = scenarios.map(({ name }) => name)
const commandLine = readCommandLine(process.argv.slice(2), names)
if (commandLine.kind === 'wrong') {
  console.error(`${commandLine.problem}\n\n${usage}`)
  process.exitCode = 2
} else if (commandLine.kind === 'help') {
  console.log(usage)
} else if (commandLine.kind === 'list') {
  console.log(columns(scenarios.map(({ name, title }) => [`${name.padEnd(24)}${title}`])).join('\n'))
} else {
  cleanUpWhenInterrupted()
  await measure(commandLine.wish)
}

async function measure({ names: wanted, runs, scale, out }: Wish): Promise<void> {
  const machine = await inFolder(async (folder) => describeMachine(folder))
  const commit = currentCommit()
  console.log(renderMachine(machine, commit))
  if (!(await canCountSyncs())) console.log(`Note: ${withoutStrace}.\n`)
  const results: DatedResult[] = []
  for (const scenario of scenarios.filter(({ name }) => wanted.includes(name))) {
    console.error(`measuring ${scenario.name} ...`)
    try {
      const result = await runScenario(scenario, { scale }, runs ?? scenario.runs)
      results.push({ ...result, takenAt: new Date().toISOString(), commit, scale })
      console.log(renderResult(result))
    } catch (error) {
      console.error(`${scenario.name} failed: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  }
  console.log(columns([summaryHead, ...summaryRows(results)]).join('\n'))
  const report = mergeReport(readReport(out), { machine, results }, names)
  const files = [writeReport(out, report), ...writePlots(out, report.results)]
  console.log(`\nwritten: ${files.join(', ')}`)
}
