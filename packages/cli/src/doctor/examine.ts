import { setTimeout as sleep } from 'node:timers/promises'
import { checkClocks } from './check-clocks.ts'
import { checkCoordinators } from './check-coordinators.ts'
import { checkMembers } from './check-members.ts'
import { checkRecords } from './check-records.ts'
import type { Finding } from './finding.ts'
import { type Answer, calmest, isUnsettled } from './look.ts'

interface Times {
  /** How long to look again for what may pass by itself. */
  readonly patienceMs: number
  readonly intervalMs: number
}

export interface Examination {
  /** Whether there is no problem. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly coordinators: readonly Answer[]
}

/** Looks until all is calm, or until patience ends, and judges what was seen. `now`: milliseconds since 1970. */
export async function examine(
  look: () => Promise<Answer[]>,
  now: () => number,
  { patienceMs, intervalMs }: Times,
): Promise<Examination> {
  const until = performance.now() + patienceMs
  const looks = [await look()]
  while (isUnsettled(calmest(looks)) && performance.now() < until) {
    await sleep(intervalMs)
    looks.push(await look())
  }
  const answers = calmest(looks)
  const findings = [
    ...checkCoordinators(answers),
    ...checkMembers(answers, now()),
    ...checkRecords(answers),
    ...checkClocks(answers),
  ]
  return { ok: findings.every(({ level }) => level !== 'problem'), findings, coordinators: answers }
}
