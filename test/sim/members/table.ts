import { type Measured, percentile } from './measure.ts'

const columns: readonly (readonly [string, (row: Measured) => string])[] = [
  ['n', ({ coordinators }) => String(coordinators)],
  ['cold start', ({ coldStartMs }) => seconds(coldStartMs)],
  ['first sees death', ({ detectFirstMs }) => spread(detectFirstMs)],
  ['all see death', ({ detectAllMs }) => spread(detectAllMs)],
  ['all see start', ({ aliveAllMs }) => spread(aliveAllMs)],
  ['all agree after', ({ settleMs }) => seconds(settleMs)],
  ['messages/s', ({ calm, churned }) => pair(calm.messages, churned.messages, 1)],
  ['bytes/s', ({ calm, churned }) => pair(calm.bytes, churned.bytes, 0)],
  [
    'false suspicions',
    ({ falseSuspicions, nodeMinutes }) => `${falseSuspicions} in ${nodeMinutes.toFixed(0)} node min`,
  ],
  ['false deaths', ({ falseDeaths }) => String(falseDeaths.length)],
]

/** Times are p50 / p99, rates are those of one coordinator, in calm / under churn. */
export function printTable(rows: readonly Measured[]): void {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)))
  for (const line of cells) console.log(line.map((cell, index) => cell.padStart(widths[index]!)).join('  '))
  console.log(
    'times: p50 / p99, virtual; rates: sent by one coordinator, in calm / under churn; bytes: JSON without HTTP heads',
  )
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  return `${seconds(percentile(values, 0.5))} / ${seconds(percentile(values, 0.99))} (${values.length})`
}

function pair(calm: number, churned: number, digits: number): string {
  return `${calm.toFixed(digits)} / ${churned.toFixed(digits)}`
}
