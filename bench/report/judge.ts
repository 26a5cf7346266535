import type { Target } from '../scenario.ts'
import { isUnclear, range } from '../statistics.ts'
import type { ScenarioResult } from './result.ts'

type Better = 'more' | 'less'
export type Verdict = 'goal reached' | 'bar reached' | 'below the bar'

/** How a value stands to its target. */
export function judge(value: number, { bar, goal }: Target, better: Better): Verdict {
  const reaches = (limit: number) => (better === 'more' ? value >= limit : value <= limit)
  if (goal !== undefined && reaches(goal)) return 'goal reached'
  return reaches(bar) ? 'bar reached' : 'below the bar'
}

/** A target as it is printed: `bar >= 0.6, goal >= 1`. */
export function renderTarget({ bar, goal }: Target, better: Better): string {
  const sign = better === 'more' ? '>=' : '<='
  return goal === undefined ? `bar ${sign} ${bar}` : `bar ${sign} ${bar}, goal ${sign} ${goal}`
}

/** What a reader must know before believing a result. */
export function notesOf(result: ScenarioResult): string[] {
  if (result.kind === 'curve') return []
  const spreads =
    result.kind === 'ratio'
      ? result.sides.flatMap(({ name, spread }) => (spread ? [{ name, spread }] : []))
      : result.figures
  return spreads
    .filter(({ spread }) => isUnclear(spread))
    .map(({ name, spread }) => `unclear: the runs of ${name} differ by a factor of ${range(spread).toFixed(1)}`)
}
