/** A child process that runs one seed after the other and tells its parent how each went. */
import { type Outcome, runSeed } from '../run-seed.ts'

/** Which seeds a worker runs: those before, then `first`, `first + step`, and so on. */
export interface Assignment {
  readonly before: readonly number[]
  readonly first: number
  readonly step: number
}

export type Report = Outcome

process.on('message', (assignment: Assignment) => void work(assignment))
process.on('disconnect', () => process.exit())

async function work(assignment: Assignment): Promise<void> {
  for (const seed of seedsOf(assignment)) {
    if (!process.connected) return
    const report: Report = runSeed(seed)
    await new Promise<void>((resolve) => process.send!(report, () => resolve()))
  }
}

function* seedsOf({ before, first, step }: Assignment): Generator<number> {
  yield* before
  for (let seed = first; ; seed += step) yield seed
}
