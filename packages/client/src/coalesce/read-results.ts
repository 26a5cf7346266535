import type { EnqueueAnswer, Problem } from '@skyclaw/protocol'
import { isProblem } from '../answer.ts'
import { leavesDoubt } from '../course.ts'

/** What a batch says of one job. */
export type ItemResult =
  | { kind: 'done'; answer: EnqueueAnswer }
  | { kind: 'refused' | 'again'; problem: Problem; isDoubtful: boolean }

/** The results of a batch of so many jobs, in order; undefined for what is no such answer. */
export function readResults(value: unknown, count: number): ItemResult[] | undefined {
  const { results } = value as { results?: unknown }
  if (!Array.isArray(results) || results.length !== count) return undefined
  const read: ItemResult[] = []
  for (const result of results as ({ job?: unknown; problem?: unknown } | null)[]) {
    const problem = result?.problem
    if (typeof problem === 'object' && problem !== null && isProblem(problem as Record<string, unknown>)) {
      const { retryable } = problem as Problem
      const isDoubtful = leavesDoubt(problem as Problem)
      read.push({ kind: retryable ? 'again' : 'refused', problem: problem as Problem, isDoubtful })
    } else if (typeof result?.job === 'object' && result.job !== null) {
      read.push({ kind: 'done', answer: result as EnqueueAnswer })
    } else return undefined
  }
  return read
}
