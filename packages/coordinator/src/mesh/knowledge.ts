import type { Learn, LedgerRecord } from '@skyclaw/protocol'
import { type Core, isFormer } from './core.ts'
import type { Findings } from './inquiry.ts'
import type { Step } from './mesh.ts'
import { compareBallots, compareTerms, compareVersions, placeOf } from './version.ts'

/** `gone`: older than the retention, and nothing is held here that it could belong to: finished and forgotten. */
export type Learned = 'news' | 'known' | 'gone'

/**
 * The known values: each the last that this coordinator learned to be chosen. A higher version replaces a lower one; a final value
 * replaces every other and is replaced by none.
 */
export class Knowledge {
  readonly #core: Core
  /** Called within the turn for each value that was news. */
  readonly #onNews: (step: Step, record: LedgerRecord) => void

  constructor(core: Core, onNews: (step: Step, record: LedgerRecord) => void) {
    this.#core = core
    this.#onNews = onNews
  }

  /** Takes over a chosen value. `anyAge`: whoever brings it wants it back, however old it is. */
  learn(step: Step, record: LedgerRecord, anyAge = false): Learned {
    const { store, rules } = this.#core
    const known = store.known(record.key)
    if (known && !this.#isNewer(record, known)) return 'known'
    if (!known && !anyAge && this.isForgotten(step, record.key, record.writtenAt)) return 'gone'
    if (!known && this.#isBeforeAccepted(record)) return 'gone'
    store.putKnown(record)
    this.#tidyRegister(step, record, rules.isFinal(record.value))
    this.tell(step, record, known)
    return 'news'
  }

  /** Says what is known from now on, and what was before. */
  tell(step: Step, record: LedgerRecord, known: LedgerRecord | undefined): void {
    // What is written anew bears a new time.
    const same = known?.writtenAt === record.writtenAt && JSON.stringify(known.value) === JSON.stringify(record.value)
    this.#core.hooks.learned(step, record, same)
    this.#onNews(step, record)
  }

  /**
   * Takes over what others said that they know. False when one of them holds a record that can still change and is as old as the
   * retention: forgotten by the others, or without a quorum for so long. Who holds nothing cannot tell.
   */
  learnFrom(step: Step, { holdings }: Pick<Findings, 'holdings'>): boolean {
    let certain = true
    for (const { holding } of holdings) {
      const { known } = holding
      if (known && this.learn(step, known) === 'gone' && !this.#core.rules.isFinal(known.value)) certain = false
    }
    return certain
  }

  /** Takes a learn message: without a record, the value is the one accepted here under that version. */
  hear(step: Step, { key, version, record }: Learn): void {
    if (record) return void this.learn(step, record)
    const row = this.#core.store.register(key)
    if (!row?.accepted || !row.proposal) return
    if (compareTerms(row, version) !== 0 || compareBallots(row.accepted, version.ballot) !== 0) return
    const { value, moved, writtenAt } = row.proposal
    this.learn(step, { key, version, set: row.set, ...(moved && { moved }), writtenAt, value })
  }

  /** Whether a value of that age is finished or forgotten everywhere, and nothing is held here that says otherwise. */
  isForgotten(step: Step, key: string, writtenAt: number): boolean {
    const { store, options } = this.#core
    if (writtenAt >= step.wall - options.retentionMs) return false
    return !store.known(key) && !store.register(key)?.accepted
  }

  /** Drops all that is held of a record. */
  forget(key: string): void {
    this.#core.store.dropKnown(key)
    this.#core.store.dropRegister(key)
  }

  #isNewer(record: LedgerRecord, known: LedgerRecord): boolean {
    const { rules } = this.#core
    if (isFormer(this.#core, record, known.value)) return false
    if (isFormer(this.#core, known, record.value)) return true
    if (rules.isFinal(known.value)) return false
    return rules.isFinal(record.value) || compareVersions(record.version, known.version) > 0
  }

  /** Of an earlier record under this key, forgotten here already, when another has been accepted since: who still tells of it has a clock that is behind. */
  #isBeforeAccepted(record: LedgerRecord): boolean {
    const proposal = this.#core.store.register(record.key)?.proposal
    return proposal != null && isFormer(this.#core, record, proposal.value)
  }

  /** A register that the record has left is answered for by the known value; one that holds it is no orphan any more. */
  #tidyRegister(step: Step, record: LedgerRecord, final: boolean): void {
    const { store } = this.#core
    const row = store.register(record.key)
    if (!row) return
    const left = compareTerms(row, placeOf(record)) < 0
    if (final || left) store.dropRegister(record.key)
    else if (compareTerms(row, record.version) === 0 && compareBallots(row.accepted, record.version.ballot) <= 0) {
      store.putRegister({ ...row, touchedAt: step.wall }, false)
    }
  }
}
