import { Dice } from '../../chaos/dice.ts'
import { between, type FaultKind, type Plan } from '../world/plan.ts'

const hourMs = 3_600_000
/** What ended is forgotten after this share of the day: so several times over. */
const retentionsPerDay = 12
const pace = 10

/** How often each fault happens in a day; each seed has them rarer or more often by its dice. */
const timesADay: ReadonlyMap<FaultKind, number> = new Map([
  ['crash', 60],
  ['rollback', 40],
  ['lost_effects', 40],
  ['pause', 80],
  ['partition', 80],
  ['one_way', 60],
  ['storm', 100],
  ['clock_jump', 40],
  ['disk_lost', 8],
  ['power_loss', 4],
  ['m_changed', 8],
  ['join', 3],
  ['forget', 12],
])

/**
 * A long run at the pace of real life: the times of the coordinators are about their defaults, faults come some minutes apart, and what ended is forgotten while
 * new work comes. A day of fewer hours has as many faults and retentions, nearer together.
 */
export function dayPlan(seed: number, hours: number): Plan {
  const dice = new Dice(seed).fork('day')
  const safetyMs = hours * hourMs
  const retentionMs = safetyMs / retentionsPerDay
  const coordinators = dice.pick([3, 4, 5])!
  const latestMs = retentionMs * 1.5
  return {
    ...{ seed, coordinators, safetyMs, retentionMs, pace },
    minReplications: dice.pick([2, 2, 3])!,
    heirShare: 0.2,
    prunes: true,
    calmMs: 150_000 * pace + latestMs,
    tickMs: 2_000,
    turnMs: dice.pick([1, 3, 10])!,
    changeTimeoutMs: 4_000,
    resendMs: 300,
    askTimeoutMs: 500,
    orphanAfterMs: 2_000,
    repairAfterMs: retentionMs / dice.pick([12, 40])!,
    antiEntropyMs: 10_000,
    lapseMs: Math.min(600_000, retentionMs / 4),
    network: {
      delayMs: dice.pick([1, 5, 20])!,
      slowChance: 0.02,
      slowMs: 1_500,
      lossChance: dice.pick([0, 0.01, 0.05])!,
      duplicateChance: dice.pick([0, 0.02])!,
    },
    clocks: { rateError: dice.pick([0, 0.001, 0.01])!, wallErrorMs: retentionMs / 20 },
    membership: { everyMs: 5_000, detectMs: 30_000, errorChance: dice.pick([0, 0.0005])!, errorMs: 20_000 },
    workload: {
      ...{ clients: 3, hosts: 5, keys: 40, thinkMs: 4_000, workMs: between(dice, 5_000, 20_000) },
      ...{ silentChance: 0.03, scatterChance: 0.1, mergeShare: 0.02, keyPeriodMs: safetyMs },
      scheduled: { share: 0.2, latestMs },
      hostsGo: { everyMs: safetyMs / 48, awayMs: retentionMs / 8 },
    },
    faults: new Map([...timesADay].map(([kind, times]) => [kind, safetyMs / (times * 0.5 * 4 ** dice.next())])),
    downMs: dice.pick([retentionMs / 8, retentionMs * 1.6])!,
    grown: dice.chance(0.5),
  }
}
