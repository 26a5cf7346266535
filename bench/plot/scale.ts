import type { Axis } from '../scenario.ts'

/** Where the values of an axis lie, from `from` to `to` in pixels, and which of them have a line. */
export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

const wantedTicks = 6

/** A scale that has all values. A linear one begins at 0, a logarithmic one at a power of ten; what it cannot show is left out. */
export function scaleFor(kind: Axis['scale'], values: readonly number[], from: number, to: number): Scale {
  return kind === 'log' ? logScale(values, from, to) : linearScale(values, from, to)
}

function linearScale(values: readonly number[], from: number, to: number): Scale {
  const step = niceStep(Math.max(0, ...values.filter(Number.isFinite)) / wantedTicks)
  const steps = Math.max(1, Math.ceil(Math.max(0, ...values.filter(Number.isFinite)) / step - 1e-9))
  const ticks = Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)))
  return { at: (value) => from + ((to - from) * value) / (steps * step), ticks }
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const shown = values.filter((value) => value > 0 && Number.isFinite(value))
  if (shown.length === 0) return logScale([1], from, to)
  const least = Math.floor(Math.log10(Math.min(...shown)) + 1e-9)
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...shown)) - 1e-9))
  const ticks = Array.from({ length: most - least + 1 }, (_, index) => Number((10 ** (least + index)).toPrecision(12)))
  return { at: (value) => from + ((to - from) * (Math.log10(value) - least)) / (most - least), ticks }
}

/** The nearest of 1, 2 and 5 times a power of ten that is not less. */
function niceStep(step: number): number {
  if (step <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5, 10].find((nice) => nice * power >= step * (1 - 1e-9)) ?? 10
  return factor * power
}
