import { judge, notesOf, renderTarget } from './judge.ts'
import type { Machine } from './machine.ts'
import type { AbsoluteResult, CurveResult, RatioResult, ScenarioResult, SideResult } from './result.ts'
import { columns, round, wrap } from './text.ts'

const width = 100
const indent = '  '
const titleWidth = 28
const detailTitles: Readonly<Record<string, string>> = { p50Ms: 'p50 ms', p99Ms: 'p99 ms', serverUs: 'server µs/job' }

/** The machine, in lines to read. */
export function renderMachine(machine: Machine, commit: string): string {
  const { cpu, cores, memoryBytes, kernel, node, filesystem, fsyncMs } = machine
  const gigabytes = round(memoryBytes / 2 ** 30)
  const data = `data on ${filesystem}, where an fsync takes ${round(fsyncMs)} ms`
  const text = `Machine: ${cpu}, ${cores} cores, ${gigabytes} GiB; ${kernel}; Node ${node}; ${data}. Skyclaw at commit ${commit}.`
  const free = /tmpfs|ramfs/.test(filesystem)
    ? [`Note: on ${filesystem} an fsync does nothing: set TMPDIR to a disk.`]
    : []
  return [...wrap(text, width), ...free, ''].join('\n')
}

/** A scenario's result, in lines to read, at most 100 characters wide. */
export function renderResult(result: ScenarioResult): string {
  const notes = notesOf(result).map((note) => `note: ${note}`)
  const runs = result.runs === 1 ? 'one run' : `${result.runs} runs${result.kind === 'ratio' ? ' each, in turn' : ''}`
  const lines = [...wrap(`${result.load}; ${runs}`, width - 4), ...linesOf(result), ...notes]
  return [`${result.name}: ${result.title}`, ...lines.map((line) => `${indent}${line}`), ''].join('\n')
}

function linesOf(result: ScenarioResult): string[] {
  if (result.kind === 'ratio') return ratioLines(result)
  return result.kind === 'absolute' ? figureLines(result) : curveLines(result)
}

function ratioLines({ sides, unit, ratio, ratios, target }: RatioResult): string[] {
  const measured = sides.filter(({ spread }) => spread)
  const details = [...new Set(measured.flatMap((side) => Object.keys(side.details)))]
  const head = ['', unit, 'least to most', ...details.map((name) => detailTitles[name] ?? name), 'fsyncs/job']
  const rows = measured.map((side) => rowOf(side, details))
  const between = ratios ? ` (${round(ratios.min)} to ${round(ratios.max)} in pairs of runs)` : ''
  const verdict =
    ratio === undefined
      ? []
      : [`ratio ${ratio.toFixed(2)}${between}; ${renderTarget(target, 'more')}: ${judge(ratio, target, 'more')}`]
  return [...columns([head, ...rows]), ...sides.flatMap(aboutSide), ...verdict]
}

function rowOf({ name, spread, details, syncsPerOperation }: SideResult, names: readonly string[]): string[] {
  const { median, min, max } = spread!
  const syncs = syncsPerOperation === undefined ? '-' : round(syncsPerOperation)
  const beside = names.map((detail) => (detail in details ? round(details[detail]!) : '-'))
  return [name, round(median), `${round(min)} to ${round(max)}`, ...beside, syncs]
}

function aboutSide({ name, version, missing, durability, settings }: SideResult): string[] {
  if (missing !== undefined) return wrap(`${name} is skipped: ${missing}`, width - 4, indent)
  const parts = [`${name} ${version}: ${durability}`, ...(settings === undefined ? [] : [`settings: ${settings}`])]
  return wrap(parts.join('; '), width - 4, indent)
}

function figureLines({ figures, durability }: AbsoluteResult): string[] {
  const rows = figures.flatMap(({ title, unit, better, target, spread: { median, min, max } }) => {
    const [words = '', ...more] = wrap(title, titleWidth, indent)
    const value = [`${round(median)} ${unit}`.trim(), `${round(min)} to ${round(max)}`]
    const judged = target ? [renderTarget(target, better), judge(median, target, better)] : []
    return [[words, ...value, ...judged], ...more.map((line) => [line])]
  })
  return [...columns(rows), ...wrap(durability, width - 4, indent)]
}

function curveLines({ series, x, y, durability }: CurveResult): string[] {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b)
  const head = [x.label, ...series.map(({ name }) => name)]
  const rows = places.map((place) => [
    round(place),
    ...series.map(({ points }) => {
      const found = points.find(([at]) => at === place)
      return found ? round(found[1]) : '-'
    }),
  ])
  return [`${y.label} by ${x.label}`, ...columns([head, ...rows]), ...wrap(durability, width - 4, indent)]
}
