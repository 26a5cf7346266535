import type { RatioResult, SideResult } from '../report/result.ts'
import type { Effort, Measurement, RatioScenario, Side } from '../scenario.ts'
import { median, spread } from '../statistics.ts'
import { inFolder } from './children.ts'

/** Measures two sides in turn, the order turned round at each run: what slows the machine for a while slows both. */
export async function runRatio(scenario: RatioScenario, effort: Effort, runs: number): Promise<RatioResult> {
  const { kind, name, title, load, unit, better, target } = scenario
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
    const reason = missing.get(side)
    if (reason === undefined) sides.push(await resultOf(side, measured.get(side) ?? [], effort.withoutSyncs))
    else sides.push({ ...describe(side), missing: reason, values: [], details: {} })
  }
  const result = { kind, name, title, load, runs, unit, better, target, sides }
  const [ours, theirs] = sides
  if (!ours?.spread || !theirs?.spread) return result
  const over = (a: number, b: number) => (better === 'more' ? a / b : b / a)
  const ratios = spread(ours.values.map((value, run) => over(value, theirs.values[run]!)))
  return { ...result, ratio: over(ours.spread.median, theirs.spread.median), ratios }
}

function describe({ name, durability, settings }: Side): Pick<SideResult, 'name' | 'durability' | 'settings'> {
  return { name, durability, ...(settings !== undefined && { settings }) }
}

async function resultOf(side: Side, measured: readonly Measurement[], withoutSyncs = false): Promise<SideResult> {
  const values = measured.map(({ value }) => value)
  const syncs = withoutSyncs ? undefined : await inFolder(async (folder) => await side.syncsPerOperation?.(folder))
  return {
    ...{ ...describe(side), values, version: await side.version(), spread: spread(values) },
    details: detailsOf(measured),
    ...(syncs !== undefined && { syncsPerOperation: syncs }),
  }
}

function detailsOf(measured: readonly Measurement[]): Record<string, number> {
  const names = new Set(measured.flatMap(({ details = {} }) => Object.keys(details)))
  return Object.fromEntries(
    [...names].map((name) => [name, median(measured.flatMap(({ details }) => details?.[name] ?? []))]),
  )
}
