import { expect, test } from 'vitest'
import type { RatioResult } from '../report/result.ts'
import { linePlot } from './line-plot.ts'
import { ratioPlot } from './ratio-plot.ts'

const axis = { label: 'jobs', scale: 'log' } as const

test('what is written in a plot cannot become part of its markup', () => {
  const svg = linePlot({ title: 'a<b> & "c"', x: axis, y: axis, series: [{ name: '</svg>', points: [[1, 1]] }] })
  expect(svg).toContain('a&lt;b&gt; &amp; &quot;c&quot;')
  expect(svg.match(/<\/svg>/g)).toHaveLength(1)
})

test('a logarithmic plot leaves out what has no place on it, and says no NaN', () => {
  const points = [
    [0, 5],
    [10, 0],
    [100, 7],
  ] as const
  const svg = linePlot({ title: 't', x: axis, y: axis, series: [{ name: 's', points }] })
  expect(svg.match(/<circle/g)).toHaveLength(1)
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('a comparison without its peer has no bar', () => {
  const side = (name: string) => ({ name, durability: '', values: [1], details: {} })
  const common = { kind: 'ratio', title: '', load: '', runs: 1, unit: '', better: 'more' } as const
  const target = { bar: 0.6, goal: 1 }
  const sides = [side('skyclaw'), side('bullmq')]
  const results: RatioResult[] = [
    { ...common, name: 'here', target, sides, ratio: 0.72, ratios: { median: 0.7, min: 0.6, max: 0.9 } },
    { ...common, name: 'absent', target, sides },
  ]
  const svg = ratioPlot('t', results)
  expect(svg).toContain('>0.72<')
  expect(svg).toContain('>here<')
  expect(svg).not.toContain('>absent<')
})
