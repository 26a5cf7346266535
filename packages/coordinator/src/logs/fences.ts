import { type JobRecord, ProblemError } from '@skyclaw/protocol'
import type { Ledger } from '../ledger/ledger.ts'
import { jobKey } from '../ledger/record-key.ts'
import { isSuperseded } from './log-course.ts'

/** Whose log a piece belongs to. */
export interface LogOwner {
  readonly id: string
  readonly attempt: number
  readonly hostId: string
}

/** Jobs of which it is remembered who may write. */
const maxRemembered = 10_000

/** Tells whether a host may still write the log of an attempt. Asked for each piece: the answer is remembered until the job changes. */
export class LogFences {
  readonly #ledger: Ledger
  readonly #allowed = new Map<string, Set<string>>()
  readonly #unwatch: () => void

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#unwatch = ledger.watch((value) => {
      if (value.kind === 'job') this.#allowed.delete(value.id)
    })
  }

  /** Throws `lease_lost` when it may not, `not_found` when there is no such job, and `quorum_unreachable` when nobody knows. */
  async check({ id, attempt, hostId }: LogOwner): Promise<void> {
    const name = `${attempt} ${hostId}`
    const known = this.#allowed.get(id)
    if (known?.has(name)) return
    const allowed = known ?? new Set()
    this.#remember(id, allowed)
    const refusal = await this.#refusal({ id, attempt, hostId })
    if (refusal !== undefined) throw new ProblemError('lease_lost', refusal)
    // If the job has changed meanwhile, this set is not the one that is looked at.
    allowed.add(name)
  }

  close(): void {
    this.#unwatch()
  }

  async #refusal(owner: LogOwner): Promise<string | undefined> {
    const key = jobKey(owner.id)
    let job = await this.#ledger.read(key)
    // The attempt may have begun a moment ago, and this coordinator not know of it.
    if (job && job.attempts < owner.attempt) job = await this.#ledger.read(key, { consistent: true })
    if (!job) throw new ProblemError('not_found', `there is no job ${owner.id}`)
    return refusalOf(job, owner)
  }

  #remember(id: string, allowed: Set<string>): void {
    this.#allowed.delete(id)
    this.#allowed.set(id, allowed)
    if (this.#allowed.size <= maxRemembered) return
    const [oldest] = this.#allowed.keys()
    this.#allowed.delete(oldest!)
  }
}

/** Why the host may not write; undefined when it may. */
function refusalOf(job: JobRecord, { attempt, hostId }: LogOwner): string | undefined {
  const entry = job.attemptHistory.find((candidate) => candidate.attempt === attempt)
  if (entry?.hostId !== hostId) return `attempt ${attempt} of job ${job.id} is not one of host ${hostId}`
  return isSuperseded(job, entry) ? `attempt ${attempt} was followed by attempt ${job.attempts}` : undefined
}
