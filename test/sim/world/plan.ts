import { Dice } from '../../chaos/dice.ts'
import type { ClockPlan } from './clock.ts'
import type { NetworkPlan } from './network.ts'

export const faultKinds = [
  'crash',
  'rollback',
  'lost_effects',
  'pause',
  'partition',
  'one_way',
  'storm',
  'clock_jump',
  'disk_lost',
  'power_loss',
  'm_changed',
  'join',
  'forget',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface WorkloadPlan {
  readonly clients: number
  readonly hosts: number
  /** Idempotency keys that the clients share. */
  readonly keys: number
  /** Time between two calls of a client. */
  readonly thinkMs: number
  /** How long a host works. */
  readonly workMs: number
  /** Chance that a host is silent for so long that it counts as lost. */
  readonly silentChance: number
  /** Chance that a keyed call goes to several coordinators at once. */
  readonly scatterChance: number
  /** Share of the young records of a coordinator that a merge takes to another. */
  readonly mergeShare: number
  /** Others take the place of the keys that are used, every so often. */
  readonly keyPeriodMs: number
  /** Jobs that are to run later, and by how much at most. None when not given. */
  readonly scheduled?: { readonly share: number; readonly latestMs: number }
  /** How often a host goes, and how long it is away at least. When not given, they only fall silent. */
  readonly hostsGo?: { readonly everyMs: number; readonly awayMs: number }
}

export interface MembershipPlan {
  /** How often a coordinator looks at the others. */
  readonly everyMs: number
  /** One not heard for so long counts as dead. */
  readonly detectMs: number
  /** Chance of each look at another to be wrong for a while. */
  readonly errorChance: number
  readonly errorMs: number
}

/** All that a seed decides before the run begins. */
export interface Plan {
  readonly seed: number
  readonly coordinators: number
  readonly minReplications: number
  /** How much rarer than usual all is that is done again and again: hosts that ask for work, looks at who is down or lost. */
  readonly pace: number
  /** Faults happen for so long. */
  readonly safetyMs: number
  readonly tickMs: number
  /** Inputs wait at most so long for their turn. */
  readonly turnMs: number
  readonly retentionMs: number
  /** Whether the run is so long that what ended is forgotten. */
  readonly prunes: boolean
  /** Everything must have come to rest so long after the faults have stopped. */
  readonly calmMs: number
  readonly changeTimeoutMs: number
  readonly resendMs: number
  readonly askTimeoutMs: number
  readonly orphanAfterMs: number
  readonly repairAfterMs: number
  readonly antiEntropyMs: number
  /** A creation that nobody was told of is cancelled when it turns up after so long. */
  readonly lapseMs: number
  /** How often a proposal leaves the next round to another coordinator. */
  readonly heirShare: number
  readonly network: NetworkPlan
  readonly clocks: ClockPlan
  readonly membership: MembershipPlan
  readonly workload: WorkloadPlan
  /** Mean time between two faults of a kind; none for kinds that do not happen. */
  readonly faults: ReadonlyMap<FaultKind, number>
  /** Machines stay down or paused at most so long. */
  readonly downMs: number
  /** Whether members begin as those of a network that has run before. */
  readonly grown: boolean
}

/** Draws a plan from a seed. Every number comes from ranges wide enough that some runs are nearly quiet and some are mostly fault. */
export function planOf(seed: number): Plan {
  const dice = new Dice(seed).fork('plan')
  const coordinators = dice.pick([3, 3, 3, 3, 4, 4, 5, 5, 6, 7])!
  // Now and then time runs past the retention: then all that is slow is scaled with it.
  const long = dice.chance(0.25)
  const safetyMs = long ? between(dice, 20_000, 45_000) : between(dice, 3_000, 10_000)
  const retentionMs = long ? between(dice, 7_000, 16_000) : 3_600_000
  return {
    seed,
    coordinators,
    pace: 1,
    minReplications: Math.min(dice.pick([1, 2, 2, 2, 2, 2, 3])!, coordinators),
    safetyMs,
    tickMs: long ? between(dice, 150, 400) : between(dice, 40, 150),
    turnMs: dice.pick([0, 1, 3, 10])!,
    retentionMs,
    prunes: long,
    calmMs: 150_000,
    changeTimeoutMs: between(dice, 600, 3_000),
    resendMs: between(dice, 60, 300),
    askTimeoutMs: between(dice, 60, 400),
    orphanAfterMs: between(dice, 200, 1_000),
    repairAfterMs: dice.pick([400, 400, 1_500, 60_000])!,
    antiEntropyMs: between(dice, 300, 8_000),
    lapseMs: dice.pick([1_000, 5_000, 600_000])!,
    heirShare: new Dice(seed).fork('heirs').pick([0, 0.2, 0.9])!,
    network: networkPlan(dice),
    clocks: {
      rateError: dice.pick([0, 0.01, 0.1])!,
      wallErrorMs: long ? retentionMs / 20 : dice.pick([0, 50, 2_000])!,
    },
    membership: {
      everyMs: long ? between(dice, 500, 1_500) : between(dice, 100, 500),
      detectMs: between(dice, 300, 2_000),
      errorChance: dice.pick([0, 0, 0.01, 0.05])!,
      errorMs: between(dice, 200, 2_000),
    },
    workload: workloadPlan(dice, safetyMs, long),
    faults: faultPlan(dice, safetyMs),
    downMs: long && dice.chance(0.6) ? retentionMs * 1.6 : between(dice, 200, 3_000),
    grown: dice.chance(0.9),
  }
}

function networkPlan(dice: Dice): NetworkPlan {
  return {
    delayMs: dice.pick([1, 5, 20])!,
    slowChance: dice.pick([0, 0.05, 0.2])!,
    slowMs: dice.pick([50, 300, 1_500])!,
    lossChance: dice.pick([0, 0, 0.02, 0.1, 0.25])!,
    duplicateChance: dice.pick([0, 0.02, 0.15])!,
  }
}

function workloadPlan(dice: Dice, safetyMs: number, long: boolean): WorkloadPlan {
  return {
    clients: dice.int(1, 4),
    hosts: dice.int(1, 4),
    keys: dice.int(1, 4),
    thinkMs: long ? between(dice, 500, 3_000) : between(dice, 20, 600),
    workMs: long ? between(dice, 100, 20_000) : between(dice, 5, 500),
    silentChance: dice.pick([0, 0.1, 0.4])!,
    scatterChance: dice.pick([0, 0.3, 0.8])!,
    mergeShare: 0.5,
    keyPeriodMs: safetyMs / 4,
  }
}

/** Some kinds are left out, so that what is left is not drowned. */
function faultPlan(dice: Dice, safetyMs: number): Map<FaultKind, number> {
  const rare: readonly FaultKind[] = ['disk_lost', 'power_loss', 'join', 'forget']
  const faults = new Map<FaultKind, number>()
  for (const kind of faultKinds) {
    if (dice.chance(0.5)) continue
    faults.set(kind, safetyMs / between(dice, 1, rare.includes(kind) ? 3 : 12))
  }
  return faults
}

export function between(dice: Dice, least: number, most: number): number {
  return Math.round(least * (most / least) ** dice.next())
}
