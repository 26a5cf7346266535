import { judge } from '../report/judge.ts'
import type { RatioResult } from '../report/result.ts'
import { scaleFor } from './scale.ts'
import { element, label, line, plot } from './svg.ts'

const width = 760
const area = { left: 190, right: width - 70, top: 64 }
const rowHeight = 46
const barHeight = 20
const kinds = { 'goal reached': 'goal', 'bar reached': 'bar', 'below the bar': 'below' } as const

/** The ratios of the comparisons as bars, with their targets and how far single pairs of runs lay apart. */
export function ratioPlot(title: string, results: readonly RatioResult[]): string {
  const shown = results.flatMap(({ ratio, ...result }) => (ratio === undefined ? [] : [{ ...result, ratio }]))
  const ends = shown.flatMap(({ ratio, ratios, target }) => [ratio, ratios?.max ?? 0, target.goal ?? target.bar])
  const { at, ticks } = scaleFor('linear', [1, ...ends], area.left, area.right)
  const bottom = area.top + shown.length * rowHeight
  const grid = ticks.flatMap((tick) => [
    line(at(tick), area.top, at(tick), bottom, 'grid'),
    label(at(tick), bottom + 18, String(tick), 'middle', 'small'),
  ])
  const rows = shown.flatMap((result, index) => rowOf(result, area.top + (index + 0.5) * rowHeight, at))
  return plot(width, bottom + 84, title, [
    label(20, 28, title, 'start', 'title'),
    label(20, 48, 'ours over the peer’s, from the medians; 1 is as fast as the peer', 'start', 'small'),
    ...grid,
    ...rows,
    line(at(0), area.top, at(0), bottom, 'axis'),
    ...legend(bottom + 46),
  ])
}

function rowOf(
  { name, ratio, ratios, target, sides }: RatioResult & { ratio: number },
  y: number,
  at: (value: number) => number,
) {
  const [top, end] = [y - barHeight / 2 - 5, y + barHeight / 2 + 5]
  const kind = kinds[judge(ratio, target, 'more')]
  const farthest = Math.max(ratio, ratios?.max ?? 0, ...(ratio > (target.goal ?? 0) ? [] : [target.goal ?? target.bar]))
  return [
    label(area.left - 12, y, name, 'end'),
    label(area.left - 12, y + 14, `against ${sides[1]?.name}`, 'end', 'small'),
    element('rect', { x: at(0), y: y - barHeight / 2, width: at(ratio) - at(0), height: barHeight, class: kind }),
    ...(ratios ? [line(at(ratios.min), y, at(ratios.max), y, 'axis')] : []),
    line(at(target.bar), top, at(target.bar), end, 'mark'),
    ...(target.goal === undefined ? [] : [line(at(target.goal), top, at(target.goal), end, 'mark dashed')]),
    label(at(farthest) + 8, y + 5, ratio.toFixed(2)),
  ]
}

function legend(y: number): string[] {
  const box = (x: number, kind: string, words: string) => [
    element('rect', { x, y: y - 11, width: 14, height: 14, class: kind }),
    label(x + 20, y, words, 'start', 'small'),
  ]
  const tick = (x: number, kind: string, words: string) => [
    line(x + 7, y + 12, x + 7, y + 28, kind),
    label(x + 20, y + 24, words, 'start', 'small'),
  ]
  return [
    ...[...box(20, 'goal', 'goal reached'), ...box(140, 'bar', 'bar reached'), ...box(260, 'below', 'below the bar')],
    ...[...tick(20, 'mark', 'bar'), ...tick(140, 'mark dashed', 'goal')],
    ...[line(260, y + 20, 274, y + 20, 'axis'), label(280, y + 24, 'least to most in pairs of runs', 'start', 'small')],
  ]
}
