import type { ScenarioResult } from '../report/result.ts'
import type { Effort, Scenario } from '../scenario.ts'
import { runAbsolute } from './run-absolute.ts'
import { runCurve } from './run-curve.ts'
import { runRatio } from './run-ratio.ts'

/** Measures a scenario so many times; each run begins with an empty folder and processes of its own. */
export function runScenario(scenario: Scenario, effort: Effort, runs: number): Promise<ScenarioResult> {
  if (scenario.kind === 'ratio') return runRatio(scenario, effort, runs)
  return scenario.kind === 'absolute' ? runAbsolute(scenario, effort, runs) : runCurve(scenario, effort, runs)
}
