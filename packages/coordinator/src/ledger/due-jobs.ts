import type { JobRecord, LedgerRecord, RecordValue } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import { isDue } from '../core/lifecycle.ts'
import type { Step } from '../mesh/mesh.ts'
import { HeldCandidates } from './held-candidates.ts'
import type { DueListener, Wants } from './ledger.ts'
import { Offers } from './offers.ts'
import type { Precedence } from './precedence.ts'

export interface DueJobsOptions {
  readonly clock: Clock
  readonly known: (key: string) => LedgerRecord | undefined
  readonly precedence: Precedence
  /** Each coordinator before this one has a job that just became due for so long to itself; default 15. */
  readonly staggerMs?: number | undefined
}

const defaultStaggerMs = 15
/** However many coordinators there are. */
const maxStaggerMs = 1_000

/** Tells those who claim of each job that has become due, as soon as this coordinator may claim it. */
export class DueJobs {
  /** The jobs that are left to others for a moment. */
  readonly held: HeldCandidates
  /** The jobs that others have left to this coordinator. */
  readonly offers = new Offers()
  readonly #options: DueJobsOptions
  readonly #listeners = new Map<DueListener, Wants>()
  /** The latest value by whose writing a record became due. */
  #written: RecordValue | undefined

  constructor(options: DueJobsOptions) {
    this.#options = options
    this.held = new HeldCandidates(options.clock, (key) => this.#announceReleased(key))
  }

  watch(listener: DueListener, wants: Wants): () => void {
    this.#listeners.set(listener, wants)
    return () => void this.#listeners.delete(listener)
  }

  /** Whether somebody here waits for a job like this one, whose time must have come. */
  isWanted(job: JobRecord): boolean {
    if (job.status !== 'queued' || !isDue(job, this.#options.clock.now())) return false
    for (const wants of this.#listeners.values()) if (wants(job.requirement)) return true
    return false
  }

  /** To be told, within the turn, of each record that was left to this coordinator before it is known to be chosen. */
  noteInherited(step: Step, record: LedgerRecord): void {
    const { value } = record
    if (value.kind !== 'job' || !this.isWanted(value)) return
    step.beforeSync(() => {
      this.offers.add(record)
      this.#tell(record)
    })
  }

  /** To be told, within the turn, of each value by whose writing a record became due, before that is learned. */
  noteWritten(value: RecordValue): void {
    this.#written = value
  }

  /** To be told, within the turn, of each record that is learned. Answers whether anybody needs to hear of it. */
  noteLearned(step: Step, record: LedgerRecord, same: boolean): boolean {
    const { key, value } = record
    this.offers.delete(key)
    const becameDue = this.#written === value
    this.#written = undefined
    if (same && !becameDue) return false
    const queued = value.kind === 'job' && value.status === 'queued'
    const { clock, precedence } = this.#options
    const due = queued && (becameDue || isDue(value, clock.now()))
    if (due) step.beforeSync(() => this.announce(record))
    else this.held.drop(key)
    step.after(() => precedence.noteLearned(record, due))
    return true
  }

  /** A job is due. If others go before this coordinator, those who claim here hear of it when the time of the others is over. */
  announce(record: LedgerRecord): void {
    const { precedence, staggerMs = defaultStaggerMs } = this.#options
    const ms = Math.min(maxStaggerMs, precedence.ahead(record) * staggerMs)
    if (ms === 0 || !this.held.hold(record.key, ms)) this.#tell(record)
  }

  #announceReleased(key: string): void {
    const record = this.#options.known(key)
    if (record?.value.kind !== 'job' || record.value.status !== 'queued') return
    this.#options.precedence.noteLeft(record)
    this.#tell(record)
  }

  #tell({ value }: LedgerRecord): void {
    for (const listener of this.#listeners.keys()) listener(value as JobRecord)
  }
}
