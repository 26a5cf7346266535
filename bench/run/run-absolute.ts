import type { AbsoluteResult, FigureResult } from '../report/result.ts'
import type { AbsoluteScenario, Effort } from '../scenario.ts'
import { spread } from '../statistics.ts'
import { inFolder } from './children.ts'

/** Takes the figures of a scenario so many times. Rejects when a run leaves one of them out. */
export async function runAbsolute(scenario: AbsoluteScenario, effort: Effort, runs: number): Promise<AbsoluteResult> {
  const { kind, name, title, load, durability } = scenario
  const measured: Readonly<Record<string, number>>[] = []
  for (let run = 0; run < runs; run += 1) {
    measured.push(await inFolder((folder) => scenario.measure(folder, effort)))
  }
  const figures = scenario.figures.map((figure): FigureResult => {
    const values = measured.map((taken) => {
      const value = taken[figure.name]
      if (value === undefined || Number.isNaN(value)) throw new Error(`${name} gave no value for ${figure.name}`)
      return value
    })
    return { ...figure, values, spread: spread(values) }
  })
  return { kind, name, title, load, runs, durability, figures }
}
