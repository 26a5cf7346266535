import { setTimeout as sleep } from 'node:timers/promises'
import { checkClocks } from './check-clocks.ts'
import { checkCoordinators } from './check-coordinators.ts'
import { checkGone } from './check-gone.ts'
import { checkJoining } from './check-joining.ts'
import { checkLinks } from './check-links.ts'
import { checkMinimum } from './check-minimum.ts'
import { checkNames } from './check-names.ts'
import { checkNetworks } from './check-networks.ts'
import { checkRecords } from './check-records.ts'
import { calmest, isUnsettled } from './calm.ts'
import type { Finding } from './finding.ts'
import type { Answer } from './look.ts'
import { drawPicture, isUnjoined } from './picture.ts'

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

/**
 * Looks until all is calm, or until patience ends, and judges what was seen. `judgeWork` says what is wrong with the jobs and hosts that the
 * coordinator at a URL knows.
 */
export async function examine(
  look: () => Promise<Answer[]>,
  { patienceMs, intervalMs }: Times,
  judgeWork: (url: string) => Promise<Finding[]> = async () => [],
): Promise<Examination> {
  const until = performance.now() + patienceMs
  const looks = [await look()]
  while (isUnsettled(calmest(looks)) && performance.now() < until) {
    await sleep(intervalMs)
    looks.push(await look())
  }
  const answers = calmest(looks)
  const picture = drawPicture(answers)
  // All know nearly the same; who is not taken in knows nothing yet.
  const knowing = answers.find(({ view }) => view && !isUnjoined(view, picture))
  const findings = [
    ...checkCoordinators(picture),
    ...checkGone(picture),
    ...checkLinks(picture),
    ...checkJoining(picture),
    ...checkNetworks(picture),
    ...checkNames(picture),
    ...checkMinimum(picture),
    ...checkRecords(picture),
    ...checkClocks(answers),
    ...(knowing ? await judgeWork(knowing.url) : []),
  ]
  return { ok: findings.every(({ level }) => level !== 'problem'), findings, coordinators: answers }
}
