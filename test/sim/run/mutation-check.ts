import { type Mutant, mutants } from '../mutants.ts'
import { runSeeds, type RunResult } from './children.ts'

export interface Verdict {
  readonly mutant: Mutant
  /** How many seeds it took to catch it; undefined when it survived. */
  readonly seedsToKill: number | undefined
  readonly seconds: number
  readonly sentence: string
}

/** Runs every mutant over the same fresh seeds as the code itself, until it is caught or its budget is used up. */
export async function checkMutants(from: number, jobs: number, report: (verdict: Verdict) => void): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const mutant of mutants) {
    const result = await runSeeds({ from, seeds: mutant.budgetSeeds, seconds: 600, jobs, mutant: mutant.name })
    const verdict = verdictOf(mutant, result, from)
    verdicts.push(verdict)
    report(verdict)
  }
  return verdicts
}

function verdictOf(mutant: Mutant, { broken, tookMs }: RunResult, from: number): Verdict {
  const { sentence = 'survived' } = broken?.violation ?? {}
  return { mutant, seedsToKill: broken && broken.seed - from + 1, seconds: tookMs / 1_000, sentence }
}

export function verdictLine({ mutant, seedsToKill, seconds, sentence }: Verdict): string {
  const count = seedsToKill === undefined ? `survived ${mutant.budgetSeeds}` : `${seedsToKill}`
  return `${mutant.name.padEnd(32)} ${count.padStart(6)} seeds ${seconds.toFixed(1).padStart(6)} s  ${sentence.slice(0, 160)}`
}
