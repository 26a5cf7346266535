import type { History } from './entry.ts'
import { checkEnds, checkFences, checkLeases } from './rules/fences.ts'
import { checkCancels, checkKept, checkReports, checkResults } from './rules/outcome.ts'
import { checkFound, checkOrder } from './rules/reads.ts'
import { checkAnswers, checkTwins } from './rules/requests.ts'
import type { Violation } from './violation.ts'

const rules = [
  checkFences,
  checkLeases,
  checkEnds,
  checkOrder,
  checkFound,
  checkKept,
  checkResults,
  checkReports,
  checkCancels,
  checkAnswers,
  checkTwins,
]

/**
 * What a history shows that the ledger promises never to happen, each kind once for a job. Looks at what was answered alone, at nothing
 * inside.
 */
export function check(history: History): Violation[] {
  const found = rules.flatMap((rule) => rule(history))
  return [...Map.groupBy(found, ({ kind, job }, index) => `${kind} ${job ?? index}`).values()].map(([first]) => first!)
}
