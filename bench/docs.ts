/** Puts the results of the last `pnpm bench` into docs/benchmark.md, with its plots beside it: `pnpm bench:docs [FOLDER]`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePlots } from './plot/write-plots.ts'
import { insertResults } from './report/markdown.ts'
import { readReport } from './report/report.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, 'results')
const docs = join(import.meta.dirname, '../docs')
const page = join(docs, 'benchmark.md')
const plots = join(docs, 'benchmark')

const report = readReport(folder)
if (report === undefined) {
  console.error(`there are no results in ${folder}: run pnpm bench first, or name the folder it wrote to`)
  process.exitCode = 1
} else {
  // A plot of a scenario that is no more must not stay.
  rmSync(plots, { recursive: true, force: true })
  const files = writePlots(plots, report.results)
  writeFileSync(page, insertResults(readFileSync(page, 'utf8'), report))
  console.log(`written: ${[page, ...files].join(', ')}`)
}
