import { renderDuration } from '../render/time.ts'
import { type Finding, note, ok, problemOf } from './finding.ts'
import type { Answer } from './look.ts'

/** What clocks kept by NTP stay well within. */
const toleranceMs = 2_000

interface Clock {
  readonly name: string
  readonly aheadMs: number
  readonly errorMs: number
}

/** Whether the clocks agree. Nothing breaks when they do not: only `runAt` and the order of jobs are as good as they are. */
export function checkClocks(answers: readonly Answer[]): Finding[] {
  const clocks = answers.flatMap(({ url, view, clock }) => (clock ? { name: view?.self.nodeId ?? url, ...clock } : []))
  const [first, ...others] = clocks.toSorted((one, other) => one.aheadMs - other.aheadMs)
  const last = others.at(-1)
  if (!first) return []
  if (last && differs(first, last)) {
    return [
      problemOf(
        'clocks',
        `the clock of ${last.name} is ${renderDuration(last.aheadMs - first.aheadMs)} ahead of that of ${first.name}`,
        'set both by NTP: jobs with a runAt start early or late, and lists are in the wrong order',
      ),
    ]
  }
  const here: Clock = { name: 'this machine', aheadMs: 0, errorMs: 0 }
  const furthest = Math.abs(first.aheadMs) > Math.abs(last?.aheadMs ?? 0) ? first : (last ?? first)
  if (differs(here, furthest)) {
    const way = furthest.aheadMs > 0 ? 'ahead of' : 'behind'
    const message = `the clock of ${furthest.name} is ${renderDuration(Math.abs(furthest.aheadMs))} ${way} that of this machine`
    return [note('clocks', message, 'set both by NTP: --delay and --run-at mean another time there')]
  }
  return [ok('clocks', 'the clocks agree')]
}

/** By more than the time that the question took can explain. */
function differs(one: Clock, other: Clock): boolean {
  return Math.abs(one.aheadMs - other.aheadMs) - one.errorMs - other.errorMs > toleranceMs
}
