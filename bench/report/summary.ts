import { judge } from './judge.ts'
import type { ScenarioResult } from './result.ts'
import { round } from './text.ts'

export const summaryHead = ['scenario', 'ours', 'peer', 'ratio', 'bar', 'goal', '']

/** One row for each ratio and each figure. */
export function summaryRows(results: readonly ScenarioResult[]): string[][] {
  return results.flatMap((result) => {
    if (result.kind === 'curve') return []
    if (result.kind === 'absolute') {
      return result.figures.map(({ name, unit, better, target, spread: { median } }) => {
        const [value, sign] = [`${round(median)} ${unit}`.trim(), better === 'more' ? '>=' : '<=']
        const limits = [target?.bar, target?.goal].map((limit) =>
          limit === undefined ? '' : `${sign} ${round(limit)}`,
        )
        const of = result.figures.length === 1 ? result.name : `${result.name}: ${name}`
        return [of, value, '', '', ...limits, target ? judge(median, target, better) : '']
      })
    }
    const { name, unit, ratio, target, sides } = result
    const [ours, theirs] = sides.map(({ spread }) => (spread ? round(spread.median) : 'skipped'))
    const goal = target.goal === undefined ? '' : `>= ${round(target.goal)}`
    const verdict = ratio === undefined ? `${sides[1]?.name} is missing` : judge(ratio, target, 'more')
    return [[name, `${ours} ${unit}`, theirs ?? '', ratio?.toFixed(2) ?? '', `>= ${round(target.bar)}`, goal, verdict]]
  })
}
