import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ScenarioResult } from '../report/result.ts'
import { linePlot } from './line-plot.ts'
import { ratioPlot } from './ratio-plot.ts'

/** Writes a plot of all ratios and one of each curve into a folder. Resolves with the files. */
export function writePlots(folder: string, results: readonly ScenarioResult[]): string[] {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, svg: string) => {
    const file = join(folder, `${name}.svg`)
    writeFileSync(file, svg)
    return file
  }
  const ratios = results.filter((result) => result.kind === 'ratio').filter(({ ratio }) => ratio !== undefined)
  const curves = results.filter((result) => result.kind === 'curve')
  return [
    ...(ratios.length === 0 ? [] : [write('ratios', ratioPlot('Skyclaw against its peers', ratios))]),
    ...curves.map((curve) => write(curve.name, linePlot(curve))),
  ]
}
