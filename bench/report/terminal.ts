import type { AbsoluteResult, CurveResult, RatioResult, ScenarioResult, SideResult } from './result.ts'
import type { Target } from '../scenario.ts'

/** A scenario's result as lines to read. */
export function renderResult(result: ScenarioResult): string {
  const head = `${result.title} (${result.name}): ${result.load}`
  return [head, ...linesOf(result), ''].join('\n')
}

function linesOf(result: ScenarioResult): string[] {
  if (result.kind === 'ratio') return ratioLines(result)
  return result.kind === 'absolute' ? figureLines(result) : curveLines(result)
}

function ratioLines({ sides, unit, ratio, target }: RatioResult): string[] {
  const lines = sides.map((side) => `  ${renderSide(side, unit)}`)
  if (ratio === undefined) return lines
  return [...lines, `  ratio ${ratio.toFixed(2)} (${verdict(ratio, target, 'more')})`]
}

function figureLines({ figures }: AbsoluteResult): string[] {
  return figures.map(({ title, unit, better, target, spread: { median, min, max } }) => {
    const reached = target ? ` (${verdict(median, target, better)})` : ''
    return `  ${title}: ${round(median)} ${unit}, ${round(min)} to ${round(max)}${reached}`
  })
}

function curveLines({ series, x, y }: CurveResult): string[] {
  return series.map(({ name, points }) => {
    const pairs = points.map(([at, value]) => `${round(at)}: ${round(value)}`)
    return `  ${name}, ${y.label} by ${x.label}: ${pairs.join(', ')}`
  })
}

function verdict(value: number, { bar, goal }: Target, better: 'more' | 'less'): string {
  const reaches = (limit: number) => (better === 'more' ? value >= limit : value <= limit)
  const sign = better === 'more' ? '>=' : '<='
  const asked = goal === undefined ? `bar ${sign} ${bar}` : `bar ${sign} ${bar}, goal ${sign} ${goal}`
  if (goal !== undefined && reaches(goal)) return `${asked}: goal reached`
  return `${asked}: ${reaches(bar) ? 'bar reached' : 'below the bar'}`
}

function renderSide(
  { name, version, missing, spread, details, durability, syncsPerOperation }: SideResult,
  unit: string,
): string {
  if (missing !== undefined || !spread) return `${name.padEnd(10)} skipped: ${missing}`
  const figures = `${round(spread.median).padStart(9)} ${unit} (${round(spread.min)} to ${round(spread.max)})`
  const rest = Object.entries(details).map(([key, value]) => `${key} ${round(value)}`)
  const syncs = syncsPerOperation === undefined ? [] : [`${syncsPerOperation.toFixed(3)} fsyncs a job`]
  return [`${name.padEnd(10)} ${figures}`, ...rest, ...syncs, `${version}; ${durability}`].join('  ')
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
