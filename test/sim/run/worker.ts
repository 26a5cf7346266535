/** A child process that runs one seed after the other and tells its parent how each went. */
import { type Outcome, runSeed } from '../run-seed.ts'

/** Which seeds a worker runs: `first`, `first + step`, and so on. */
export interface Assignment {
  readonly first: number
  readonly step: number
}

export type Report = Outcome

process.on('message', ({ first, step }: Assignment) => void work(first, step))
process.on('disconnect', () => process.exit())

async function work(first: number, step: number): Promise<void> {
  for (let seed = first; process.connected; seed += step) {
    const report: Report = runSeed(seed)
    await new Promise<void>((resolve) => process.send!(report, () => resolve()))
  }
}
