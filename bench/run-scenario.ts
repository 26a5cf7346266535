import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Effort, Measurement, Scenario, Side } from './scenario.ts'
import { median, type Spread, spread } from './statistics.ts'

export interface SideResult {
  readonly name: string
  readonly durability: string
  readonly version?: string
  readonly missing?: string
  readonly values: readonly number[]
  readonly spread?: Spread
  readonly details: Readonly<Record<string, number>>
  readonly syncsPerOperation?: number
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly sides: readonly SideResult[]
  /** Of ours over the other's, from the medians; for `less` scenarios turned round, so that more is better. */
  readonly ratio?: number
}

/** Measures the sides of a scenario in turn, each time on fresh data, the order turned round at each run. */
export async function runScenario(scenario: Scenario, effort: Effort, runs: number): Promise<ScenarioResult> {
  const missing = new Map<Side, string>()
  for (const side of scenario.sides) {
    const reason = await side.missing?.()
    if (reason !== undefined) missing.set(side, reason)
  }
  const present = scenario.sides.filter((side) => !missing.has(side))
  const measured = new Map<Side, Measurement[]>(present.map((side) => [side, []]))
  for (let run = 0; run < runs; run += 1) {
    for (const side of run % 2 === 0 ? present : present.toReversed()) {
      measured.get(side)?.push(await inFolder((folder) => side.measure(folder, effort)))
    }
  }
  const sides: SideResult[] = []
  for (const side of scenario.sides) {
    const { name, durability } = side
    const reason = missing.get(side)
    if (reason !== undefined) {
      sides.push({ name, durability, missing: reason, values: [], details: {} })
      continue
    }
    const results = measured.get(side) ?? []
    const values = results.map(({ value }) => value)
    const syncs = await inFolder(async (folder) => side.syncsPerOperation?.(folder))
    sides.push({
      ...{ name, durability, values, version: await side.version(), spread: spread(values) },
      details: detailsOf(results),
      ...(syncs !== undefined && { syncsPerOperation: syncs }),
    })
  }
  const [ours, theirs] = sides.map(({ spread: of }) => of?.median)
  const ratio = ours !== undefined && theirs !== undefined ? ratioOf(scenario, ours, theirs) : undefined
  return { scenario, sides, ...(ratio !== undefined && { ratio }) }
}

function ratioOf({ better }: Scenario, ours: number, theirs: number): number {
  return better === 'more' ? ours / theirs : theirs / ours
}

function detailsOf(results: readonly Measurement[]): Record<string, number> {
  const names = new Set(results.flatMap(({ details = {} }) => Object.keys(details)))
  return Object.fromEntries(
    [...names].map((name) => [name, median(results.flatMap(({ details }) => details?.[name] ?? []))]),
  )
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'skyclaw-bench-'))
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
