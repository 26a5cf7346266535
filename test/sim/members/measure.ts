import { churn } from './churn.ts'
import type { Coordinator } from './coordinator.ts'
import { Field } from './field.ts'
import type { Mistake, Noticed } from './observer.ts'

export interface MeasurePlan {
  readonly seed: number
  readonly coordinators: number
  /** Virtual time under churn. */
  readonly churnMs: number
  readonly sharePerMinute: number
  readonly sampleEvery?: number
}

/** Per coordinator that runs, and second. */
export interface Rate {
  readonly messages: number
  readonly bytes: number
}

/** Times are virtual milliseconds; undefined when it did not come to it. */
export interface Measured {
  readonly coordinators: number
  readonly coldStartMs: number | undefined
  readonly calm: Rate
  readonly churned: Rate
  /** From a death to the first who declares it, and to the last. */
  readonly detectFirstMs: readonly number[]
  readonly detectAllMs: readonly number[]
  /** From a start to the last who counts it as alive. */
  readonly aliveAllMs: readonly number[]
  /** From the end of the churn until all agree. */
  readonly settleMs: number | undefined
  /** Virtual minutes of coordinators under churn: the unit that false suspicions are counted in. */
  readonly nodeMinutes: number
  readonly falseSuspicions: number
  readonly falseDeaths: readonly Mistake[]
  readonly left: string | undefined
}

const network = { delayMs: 5, slowChance: 0.01, slowMs: 200, lossChance: 0.002 }
const calmMs = 20_000

/** Coordinators of which each is given only the one before, all started within a second. */
export function startChain(field: Field, count: number): void {
  let before: Coordinator | undefined
  for (let made = 0; made < count; made += 1) {
    const coordinator = field.add(before ? [before.url] : [])
    before = coordinator
    field.agenda.in(field.dice.next() * 1_000, () => coordinator.start())
  }
  field.run(1_000)
}

/** A cold start, calm, churn, and calm again, of one size of network. */
export function measure(plan: MeasurePlan): Measured {
  const { seed, coordinators: count, churnMs, sharePerMinute, sampleEvery } = plan
  const field = new Field({ seed, network, sampleEvery: sampleEvery ?? 8 })
  const { observer } = field
  const start = field.agenda.now
  startChain(field, count)
  const agreed = field.until(() => field.agrees, 120_000)
  const coldStartMs = agreed === undefined ? undefined : field.agenda.now - start
  // The news of the start is passed on for a while.
  field.run(10_000)
  const calm = rateOver(field, calmMs)
  observer.falseSuspicions = 0
  const stop = churn(field, { sharePerMinute })
  const churned = rateOver(field, churnMs)
  const { falseSuspicions } = observer
  stop()
  const settleMs = field.until(() => field.agrees, 180_000)
  const times = (kind: Noticed['kind'], which: 'firstMs' | 'allMs') =>
    observer.noticed.flatMap((noticed) => (noticed.kind === kind ? (noticed[which] ?? []) : []))
  return {
    ...{ coordinators: count, coldStartMs, calm, churned, settleMs, falseSuspicions },
    detectFirstMs: times('dead', 'firstMs'),
    detectAllMs: times('dead', 'allMs'),
    aliveAllMs: times('alive', 'allMs'),
    nodeMinutes: churned.nodeSeconds / 60,
    falseDeaths: observer.falseDeaths,
    left: field.disagreement(),
  }
}

/** What a coordinator that runs sends on average. */
export function rateOver(field: Field, ms: number): Rate & { nodeSeconds: number } {
  const { traffic } = field
  traffic.reset()
  let nodeSeconds = 0
  for (let passed = 0; passed < ms; passed += 1_000) {
    nodeSeconds += field.running.length
    field.run(1_000)
  }
  return { messages: traffic.messages / nodeSeconds, bytes: traffic.bytes / nodeSeconds, nodeSeconds }
}

/** @param share from 0 to 1: 0.5 is the median */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
