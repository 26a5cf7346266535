import type { ScenarioResult, SideResult } from '../run-scenario.ts'

/** A scenario's result as lines to read. */
export function renderResult({ scenario, sides, ratio }: ScenarioResult): string {
  const { title, name, load, unit, target } = scenario
  const head = `${title} (${name}): ${load}`
  const lines = sides.map((side) => `  ${renderSide(side, unit)}`)
  const reached =
    ratio === undefined
      ? []
      : [`  ratio ${ratio.toFixed(2)} (bar ${target.bar}, goal ${target.goal}): ${verdict(ratio, target)}`]
  return [head, ...lines, ...reached, ''].join('\n')
}

function verdict(ratio: number, { bar, goal }: { bar: number; goal: number }): string {
  if (ratio >= goal) return 'goal reached'
  return ratio >= bar ? 'bar reached' : 'below the bar'
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
