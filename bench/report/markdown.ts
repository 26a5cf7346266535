import { judge, notesOf, renderTarget } from './judge.ts'
import type { AbsoluteResult, RatioResult } from './result.ts'
import type { Report } from './report.ts'
import { summaryHead, summaryRows } from './summary.ts'
import { round } from './text.ts'

const begin = '<!-- results: written by pnpm bench:docs -->'
const end = '<!-- end of results -->'

/** The page with the results of a report between its two marks. Throws when the page does not have both. */
export function insertResults(page: string, report: Report): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no place for results: ${begin} and ${end} in this order`)
  return `${page.slice(0, from + begin.length)}\n\n${renderReport(report)}\n\n${page.slice(to)}`
}

function renderReport({ machine, results }: Report): string {
  const { cpu, cores, memoryBytes, kernel, node, filesystem, fsyncMs } = machine
  const commits = [...new Set(results.map(({ commit }) => commit))].join(', ')
  const days = results.map(({ takenAt }) => takenAt.slice(0, 10)).toSorted()
  const when = [...new Set([days[0], days.at(-1)])].join(' to ')
  const ratios = results.filter((result) => result.kind === 'ratio')
  const figures = results.filter((result) => result.kind === 'absolute')
  const curves = results.filter((result) => result.kind === 'curve')
  const notes = results.flatMap((result) => {
    const scaled = result.scale === 1 ? [] : [`a quick look, with operations times ${result.scale}`]
    return [...scaled, ...notesOf(result)].map((note) => `- \`${result.name}\`: ${note}`)
  })
  const place = `${cpu}, ${cores} cores, ${round(memoryBytes / 2 ** 30)} GiB, ${kernel}, Node ${node}`
  return [
    `Taken ${when} at commit ${commits}, on ${place}; data on ${filesystem}, where an fsync takes ${round(fsyncMs)} ms.`,
    ...(ratios.length === 0 ? [] : [table([[...summaryHead.slice(0, -1), 'verdict'], ...summaryRows(ratios)])]),
    ...(ratios.some(({ ratio }) => ratio !== undefined) ? ['![Ratios](benchmark/ratios.svg)'] : []),
    ...(ratios.length === 0 ? [] : ['### The comparisons in full', ...ratios.map(renderComparison)]),
    ...(figures.length === 0 ? [] : ['### Figures of ours', figureTable(figures)]),
    ...(curves.length === 0 ? [] : ['### Cost curves']),
    ...curves.map(({ name, title, load, durability }) => {
      return `${title}: ${load}; ${durability}.\n\n![${title}](benchmark/${name}.svg)`
    }),
    ...(notes.length === 0 ? [] : ['### To be taken with care', notes.join('\n')]),
  ].join('\n\n')
}

function figureTable(results: readonly AbsoluteResult[]): string {
  const head = ['scenario', 'figure', 'median', 'least to most', 'bar and goal', 'verdict']
  const rows = results.flatMap(({ name, figures }) =>
    figures.map(({ title, unit, better, target, spread: { median, min, max } }) => [
      ...[`\`${name}\``, title, `${round(median)} ${unit}`.trim(), `${round(min)} to ${round(max)}`],
      ...(target ? [renderTarget(target, better), judge(median, target, better)] : ['', '']),
    ]),
  )
  const loads = results.map(({ name, load, durability, runs }) => {
    return `- \`${name}\`: ${load}; ${durability}; ${runs === 1 ? 'one run' : `${runs} runs`}`
  })
  return `${table([head, ...rows])}\n\n${loads.join('\n')}`
}

function renderComparison({ name, title, load, runs, unit, sides, target, ratio }: RatioResult): string {
  const of = ratio === undefined ? 'not compared' : `ratio ${ratio.toFixed(2)}`
  const rows = sides.map(({ name: side, version, spread, details, syncsPerOperation, missing }) => [
    `${side} ${version ?? `(${missing})`}`,
    ...(spread ? [round(spread.median), `${round(spread.min)} to ${round(spread.max)}`] : ['', '']),
    ...['p50Ms', 'p99Ms', 'serverUs'].map((detail) => (detail in details ? round(details[detail]!) : '')),
    syncsPerOperation === undefined ? '' : round(syncsPerOperation),
  ])
  const head = ['', unit, 'least to most', 'p50 ms', 'p99 ms', 'server µs/job', 'fsyncs/job']
  const durability = sides.map(
    (side) => `- ${side.name}: ${side.durability}${side.settings ? ` (${side.settings})` : ''}`,
  )
  return [
    `**${name}**: ${title}; ${load}; ${runs === 1 ? 'one run' : `${runs} runs`} each, in turn; ${of}, ${renderTarget(target, 'more')}.`,
    table([head, ...rows]),
    durability.join('\n'),
  ].join('\n\n')
}

/** A table as the formatter writes it: every column as wide as its widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = cells[0]!.map((_, at) => Math.max(3, ...cells.map((row) => row[at]!.length)))
  const written = cells.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`)
  return written.toSpliced(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`).join('\n')
}
