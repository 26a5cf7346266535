import type { CurveResult } from '../report/result.ts'
import type { CurveScenario, Effort, Series } from '../scenario.ts'
import { median } from '../statistics.ts'
import { inFolder } from './children.ts'

export async function runCurve(scenario: CurveScenario, effort: Effort, runs: number): Promise<CurveResult> {
  const { kind, name, title, load, durability, x, y } = scenario
  const measured: Series[] = []
  for (let run = 0; run < runs; run += 1) {
    measured.push(...(await inFolder((folder) => scenario.measure(folder, effort))))
  }
  return { kind, name, title, load, runs, durability, x, y, series: mediansOf(measured) }
}

/** One line for each name, with the median at each x, in the order of x. */
export function mediansOf(measured: readonly Series[]): Series[] {
  const lines = Map.groupBy(measured, ({ name }) => name)
  return [...lines].map(([name, series]) => {
    const places = Map.groupBy(
      series.flatMap(({ points }) => points),
      ([x]) => x,
    )
    const points = [...places].map(([x, found]) => [x, median(found.map(([, y]) => y))] as const)
    return { name, points: points.toSorted(([a], [b]) => a - b) }
  })
}
