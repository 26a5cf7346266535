import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './machine.ts'
import type { ScenarioResult } from './result.ts'

const version = 1
const fileName = 'latest.json'

/** What a file of results has: `docs/benchmark.md` describes its fields. */
export interface Report {
  readonly version: typeof version
  readonly machine: Machine
  readonly results: readonly DatedResult[]
}

export type DatedResult = ScenarioResult & {
  /** When it was measured, in ISO 8601. */
  readonly takenAt: string
  /** What of ours was measured. */
  readonly commit: string
  /** What its numbers of operations were multiplied by: 1 but for a quick look. */
  readonly scale: number
}

/** The report of a folder, or undefined where there is none that this version understands. */
export function readReport(folder: string): Report | undefined {
  try {
    const report = JSON.parse(readFileSync(join(folder, fileName), 'utf8')) as Report
    return report.version === version ? report : undefined
  } catch {
    return undefined
  }
}

export function writeReport(folder: string, report: Report): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, fileName)
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  return file
}

/**
 * New results in the place of older ones of the same scenarios, in the order of `names`. Results of another machine are left
 * out: they do not compare.
 */
export function mergeReport(
  older: Report | undefined,
  { machine, results }: Omit<Report, 'version'>,
  names: readonly string[],
): Report {
  const kept = older && isSameMachine(older.machine, machine) ? older.results : []
  const all = [...results, ...kept.filter(({ name }) => !results.some((result) => result.name === name))]
  const inOrder = names.flatMap((name) => all.find((result) => result.name === name) ?? [])
  return { version, machine, results: inOrder }
}

function isSameMachine(a: Machine, b: Machine): boolean {
  return a.cpu === b.cpu && a.cores === b.cores && a.memoryBytes === b.memoryBytes && a.filesystem === b.filesystem
}

/** The commit of the working copy; `+` after it says that something is changed. */
export function currentCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).trim()
  try {
    const changed = git('status', '--porcelain', '--', ':/packages', ':/apps') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return 'unknown'
  }
}
