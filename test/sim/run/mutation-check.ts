import { type Mutant, mutants } from '../mutants.ts'
import { runSeeds, type RunResult } from './children.ts'

export interface Verdict {
  readonly mutant: Mutant
  /** The seed that caught it; undefined when it survived. */
  readonly seed: number | undefined
  /** How many seeds were run. */
  readonly seeds: number
  readonly seconds: number
  readonly sentence: string
}

/**
 * Runs every mutant, as many at a time as there are `jobs`: over the seeds that are known to catch it, and if the code has changed so that none does, over the
 * same fresh seeds as the code itself, until it is caught or its budget is used up.
 */
export async function checkMutants(from: number, jobs: number, report: (verdict: Verdict) => void): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const left = mutants.values()
  const lane = async () => {
    for (const mutant of left) {
      const { knownSeeds: first, budgetSeeds: seeds, name } = mutant
      const verdict = verdictOf(mutant, await runSeeds({ from, first, seeds, seconds: 600, jobs: 1, mutant: name }))
      verdicts.push(verdict)
      report(verdict)
    }
  }
  await Promise.all(Array.from({ length: jobs }, lane))
  return verdicts
}

function verdictOf(mutant: Mutant, { broken, seeds, tookMs }: RunResult): Verdict {
  const { sentence = 'survived' } = broken?.violation ?? {}
  return { mutant, seed: broken?.seed, seeds, seconds: tookMs / 1_000, sentence }
}

export function verdictLine({ mutant, seed, seeds, seconds, sentence }: Verdict): string {
  const by = seed === undefined ? '' : `seed ${seed}, `
  const count = `${seeds} seeds ${seconds.toFixed(1).padStart(6)} s`
  return `${mutant.name.padEnd(32)} ${count.padStart(20)}  ${by}${sentence.slice(0, 160)}`
}
