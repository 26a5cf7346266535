import { round } from '../report/text.ts'
import type { Axis, Series } from '../scenario.ts'
import { type Scale, scaleFor } from './scale.ts'
import { colours, element, label, line, plot } from './svg.ts'

export interface LinePlot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const width = 760
const area = { left: 76, right: width - 44, top: 56, bottom: 340 }
const lineHeight = 20
const legendTop = area.bottom + 66

/** Lines over an axis, as SVG. What a logarithmic axis cannot show is left out. */
export function linePlot({ title, x, y, series }: LinePlot): string {
  const points = series.flatMap((one) => one.points)
  const across = scaleFor(
    x.scale,
    points.map(([value]) => value),
    area.left,
    area.right,
  )
  const up = scaleFor(
    y.scale,
    points.map(([, value]) => value),
    area.bottom,
    area.top,
  )
  const height = legendTop + series.length * lineHeight
  return plot(width, height, title, [
    label(area.left, 26, title, 'start', 'title'),
    label(area.left, 44, y.label, 'start', 'small'),
    label((area.left + area.right) / 2, area.bottom + 40, x.label, 'middle'),
    ...gridOf(across, up),
    ...series.flatMap((one, index) => [...curveOf(one, index, across, up), ...legendOf(one.name, index)]),
  ])
}

function gridOf(across: Scale, up: Scale): string[] {
  const columns = across.ticks.map((tick) => [
    line(across.at(tick), area.top, across.at(tick), area.bottom, 'grid'),
    label(across.at(tick), area.bottom + 18, round(tick), 'middle', 'small'),
  ])
  const rows = up.ticks.map((tick) => [
    line(area.left, up.at(tick), area.right, up.at(tick), 'grid'),
    label(area.left - 8, up.at(tick) + 4, round(tick), 'end', 'small'),
  ])
  return [...columns.flat(), ...rows.flat(), line(area.left, area.bottom, area.right, area.bottom, 'axis')]
}

function curveOf({ points }: Series, index: number, across: Scale, up: Scale): string[] {
  const colour = index % colours
  const places = points
    .map(([x, y]) => [across.at(x), up.at(y)] as const)
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
  const path = places.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ')
  const dots = places.map(([cx, cy]) => element('circle', { cx, cy, r: 3.5, class: `f${colour}` }))
  return [element('polyline', { points: path, class: `curve s${colour}` }), ...(places.length > 60 ? [] : dots)]
}

function legendOf(name: string, index: number): string[] {
  const y = legendTop + index * lineHeight
  const colour = index % colours
  return [line(area.left, y - 4, area.left + 24, y - 4, `curve s${colour}`), label(area.left + 32, y, name)]
}
