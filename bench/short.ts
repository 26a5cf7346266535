/**
 * The short version of the benchmark, for CI: few operations, and every ratio held against `references.json`. A ratio that fell
 * below half of its reference is measured once more before it fails, since one slow moment of the machine is no finding.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from './report/machine.ts'
import { currentCommit } from './report/report.ts'
import type { ScenarioResult } from './report/result.ts'
import { summaryHead, summaryRows } from './report/summary.ts'
import { renderMachine } from './report/terminal.ts'
import { columns } from './report/text.ts'
import { cleanUpWhenInterrupted, inFolder } from './run/children.ts'
import { runScenario } from './run/run-scenario.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios/scenarios.ts'
import { type Comparison, compareRatio } from './short/compare.ts'
import { readReferences, writeReferences } from './short/references.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: { 'write-references': { type: 'boolean', default: false }, report: { type: 'string' } },
})
const alternatingRuns = 3

cleanUpWhenInterrupted()
const machine = await inFolder(async (folder) => describeMachine(folder))
const commit = currentCommit()
console.log(renderMachine(machine, commit))
const results: ScenarioResult[] = []
let failed = 0
const short = scenarios.filter(({ shortScale }) => shortScale !== undefined)
for (const scenario of short) {
  const { passed, sentence } = await tried(scenario)
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${scenario.name.padEnd(20)} ${sentence}`)
  if (!passed) failed += 1
}
console.log(`\n${columns([summaryHead, ...summaryRows(results)]).join('\n')}`)
if (values['write-references']) keepReferences()
console.log(`${short.length - failed} scenarios passed, ${failed} failed`)
if (values.report !== undefined) {
  writeFileSync(values.report, JSON.stringify({ passed: short.length - failed, failed }))
}
process.exitCode = failed > 0 ? 1 : 0

async function tried(scenario: Scenario): Promise<Comparison> {
  try {
    const first = await measured(scenario)
    const comparison = compared(first)
    if (comparison.passed) {
      results.push(first)
      return comparison
    }
    const second = await measured(scenario)
    results.push(second)
    return compared(second)
  } catch (error) {
    return { passed: false, sentence: error instanceof Error ? error.message : String(error) }
  }
}

function measured(scenario: Scenario): Promise<ScenarioResult> {
  const effort = { scale: scenario.shortScale ?? 1, withoutSyncs: true }
  return runScenario(scenario, effort, scenario.kind === 'ratio' ? alternatingRuns : 1)
}

function compared(result: ScenarioResult): Comparison {
  if (result.kind !== 'ratio') return { passed: true, sentence: 'measured' }
  const missing = result.sides.flatMap((side) => side.missing ?? [])
  if (missing.length > 0) return { passed: true, sentence: `not compared: ${missing.join('; ')}` }
  return compareRatio(result.ratio, values['write-references'] ? undefined : readReferences().ratios[result.name])
}

function keepReferences(): void {
  const ratios = results.flatMap((result) => (result.kind === 'ratio' ? [[result.name, result.ratio] as const] : []))
  const absent = ratios.filter(([, ratio]) => ratio === undefined)
  if (failed > 0 || absent.length > 0 || commit.endsWith('+')) {
    console.error('no references are written: every comparison must be measured, at a commit without changes')
    failed += 1
    return
  }
  const rounded = ratios.map(([name, ratio]) => [name, Number(ratio!.toFixed(3))])
  const { cpu, cores, kernel, node } = machine
  const file = writeReferences({
    ...{ commit, takenAt: new Date().toISOString(), machine: { cpu, cores, kernel, node } },
    ratios: Object.fromEntries(rounded) as Record<string, number>,
  })
  console.log(`written: ${file}`)
}
