import type { LedgerRecord, RecordValue } from '@skyclaw/protocol'
import type { Register } from '../../../packages/coordinator/src/mesh/store.ts'
import { epochMs } from '../world/clock.ts'
import { Contents } from './contents.ts'
import { DiskMirror, type DiskWrite } from './disk-mirror.ts'
import { ballotName, orderBallots, orderTerms, orderVersions, termName } from './order.ts'
import { RecordHistory } from './record-history.ts'

/** Called with the sentence that is broken, and the key of the record. */
export type OnViolation = (sentence: string, key: string) => void

export interface HistoryOptions {
  readonly isFinal: (value: RecordValue) => boolean
  readonly onViolation: OnViolation
  /** Virtual milliseconds. */
  readonly now: () => number
  readonly retentionMs: number
}

/** All disks and all records of a run, as the commits show them; says at once when one does what must not be. */
export class History {
  readonly contents = new Contents()
  readonly records = new Map<string, RecordHistory>()
  readonly #mirrors = new Map<string, DiskMirror>()
  readonly #options: HistoryOptions
  readonly #isFinal: (value: RecordValue) => boolean
  readonly #onViolation: OnViolation

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#isFinal = options.isFinal
    this.#onViolation = options.onViolation
  }

  mirror(instance: string): DiskMirror {
    let mirror = this.#mirrors.get(instance)
    if (!mirror) this.#mirrors.set(instance, (mirror = new DiskMirror()))
    return mirror
  }

  record(key: string): RecordHistory {
    let history = this.records.get(key)
    if (!history) {
      const { contents } = this
      const { isFinal, now, onViolation, retentionMs } = this.#options
      const onBreak = (sentence: string) => onViolation(sentence, key)
      history = new RecordHistory({ key, contents, isFinal, now, onBreak, forgottenAfterMs: retentionMs * 0.7 })
      this.records.set(key, history)
    }
    return history
  }

  /** A turn of an instance is on its disk. */
  committed(instance: string, writes: readonly DiskWrite[]): void {
    const mirror = this.mirror(instance)
    for (const write of writes) {
      if (write.kind === 'register') this.record(write.key).accepted(instance, write.row)
    }
    mirror.dropped.clear()
    for (const write of writes) {
      this.#checkForward(instance, mirror, write)
      if (write.kind === 'known') this.record(write.key).known(instance, write.record)
      mirror.apply(write)
    }
  }

  /** What finished a record is forgotten when it is as old as the retention. */
  #mayForget({ proposal }: Register): boolean {
    if (!proposal || !this.#isFinal(proposal.value)) return false
    return epochMs + this.#options.now() - proposal.writtenAt > this.#options.retentionMs * 0.7
  }

  /** What a disk holds never goes back. */
  #checkForward(instance: string, mirror: DiskMirror, write: DiskWrite): void {
    if (write.kind === 'register') {
      const before = mirror.registers.get(write.key)
      if (!before) return
      const { row } = write
      const terms = orderTerms(row, before)
      const back = (name: 'promised' | 'accepted') => terms === 0 && orderBallots(row[name], before[name]) < 0
      if (terms < 0) this.#onViolation(`${instance} went back from ${termName(before)} to ${termName(row)}`, write.key)
      for (const name of ['promised', 'accepted'] as const) {
        if (!back(name) || (name === 'accepted' && this.#mayForget(before))) continue
        const steps = `from ${ballotName(before[name])} to ${ballotName(row[name])}`
        this.#onViolation(`${instance} set back what it ${name} in ${termName(row)}, ${steps}`, write.key)
      }
    } else if (write.kind === 'known') {
      const before = mirror.known.get(write.key)
      if (!before || this.#isFinal(write.record.value) || isForward(before, write.record)) return
      // A record of an earlier life gives way to the one that its key was used for again.
      if (this.#isFinal(before.value) && this.record(write.key).life > 0) return
      this.#onViolation(`${instance} went back to an older known value`, write.key)
    } else if (write.kind === 'counter' && write.value < (mirror.counters.get(write.name) ?? 0)) {
      this.#onViolation(`${instance} set its counter ${write.name} back`, '')
    }
  }
}

function isForward(before: LedgerRecord, after: LedgerRecord): boolean {
  return orderVersions(after.version, before.version) > 0
}
