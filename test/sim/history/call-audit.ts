import { type LedgerRecord, ProblemError, type RecordValue } from '@skyclaw/protocol'
import type { Decision } from '../../../packages/coordinator/src/core/decision.ts'
import type { ChangeResult, FindRequest } from '../../../packages/coordinator/src/mesh/mesh.ts'
import { recordRules } from '../../../packages/coordinator/src/ledger/record-rules.ts'
import { type Content, nothing } from './contents.ts'
import type { History, OnViolation } from './history.ts'

/** What somebody was told of a record. */
interface Told {
  /** Counts all that was begun and told. */
  readonly order: number
  readonly life: number
  readonly place: number
}

/** A call under way at a coordinator, from when it was taken in. */
export class Call {
  readonly label: string
  readonly key: string
  readonly order: number
  /** M at the coordinator that has the call. */
  readonly minReplications: () => number
  /** Whether that coordinator has ever heard of an instance. */
  readonly knows: (instance: string) => boolean
  /** The record that the last decision was about. */
  record: string
  /** What its decisions made. */
  readonly written = new Set<Content>()
  current: Content = nothing
  refusal: Error | undefined
  answered = false

  constructor(parts: Pick<Call, 'label' | 'key' | 'order' | 'minReplications' | 'knows'>) {
    this.label = parts.label
    this.key = parts.key
    this.record = parts.key
    this.order = parts.order
    this.minReplications = parts.minReplications
    this.knows = parts.knows
  }
}

/** Holds every answer against what was chosen, and against every answer given before its question. */
export class CallAudit {
  readonly #history: History
  readonly #onViolation: OnViolation
  readonly #told = new Map<string, Told[]>()
  /** Jobs of which somebody was told, in the order in which that first happened. */
  readonly toldJobs: string[] = []
  /** Values whose callers were told that nothing was written. */
  readonly #unwritten = new Map<Content, Call>()
  #order = 0

  constructor(history: History, onViolation: OnViolation) {
    this.#history = history
    this.#onViolation = onViolation
  }

  begin(parts: Pick<Call, 'label' | 'key' | 'minReplications' | 'knows'>): Call {
    this.#order += 1
    return new Call({ ...parts, order: this.#order })
  }

  /** Notes a decision. */
  decided(call: Call, key: string, current: RecordValue | null, decision: Decision<RecordValue>): void {
    const { contents } = this.#history
    call.record = key
    call.current = contents.idOf(current)
    call.refusal = decision.kind === 'refuse' ? decision.error : undefined
    if (decision.kind !== 'write') return
    contents.derive(current, decision.value)
    call.written.add(contents.idOf(decision.value))
  }

  answered(call: Call, result: ChangeResult): void {
    if (call.answered) return this.#onViolation(`${call.label} was answered twice`, call.key)
    call.answered = true
    if (result.ok) return this.#ok(call, result.key, this.#history.contents.idOf(result.value), result.changed)
    const { error } = result
    if (error === call.refusal) return this.#tell(call, call.record, call.current)
    if (!(error instanceof ProblemError)) {
      return this.#onViolation(`${call.label} failed with ${error.stack}`, call.key)
    }
    if (error.problem.outcome !== 'not_applied') return
    for (const content of call.written) this.#unwritten.set(content, call)
  }

  found(call: Call, by: FindRequest['by'], expected: readonly string[], records: readonly LedgerRecord[]): void {
    call.answered = true
    const keys = new Set(records.map(({ key }) => key))
    for (const key of expected) {
      if (keys.has(key) || this.#history.record(key).mayBeForgotten || this.#mayBeMissed(call, key)) continue
      const tip = this.#history.contents.valueOf(this.#history.record(key).tip.content)
      const still = by !== 'tag' || (tip !== null && recordRules.tagOf(tip) === call.key)
      if (still) this.#onViolation(`${call.label} was told that all were found, without this one`, key)
    }
  }

  /** Records that a search must find: somebody was told of them, and they are as they were then. */
  expected(by: FindRequest['by'], text: string): string[] {
    const { contents } = this.#history
    if (by === 'key') return this.#told.has(text) ? [text] : []
    return [...this.#told.keys()].filter((key) => {
      if (by === 'base') return key.startsWith(text)
      const history = this.#history.record(key)
      const { content } = history.tip
      const value = contents.valueOf(content)
      const told = this.#told.get(key)!.at(-1)!
      const asTold = told.life === history.life && told.place === history.placeOf(content)
      return value !== null && recordRules.tagOf(value) === text && asTold
    })
  }

  /** At the end: what was said not to have been written must not be there. */
  checkUnwritten(): void {
    for (const [content, call] of this.#unwritten) {
      for (const [key, history] of this.#history.records) {
        if (history.placeOf(content) === undefined) continue
        this.#onViolation(`${call.label} was told that nothing was written, and it was`, key)
      }
    }
  }

  #ok(call: Call, key: string, content: Content, changed: boolean): void {
    this.#tell(call, key, content)
    if (!changed) return
    const history = this.#history.record(key)
    const last = history.placeOf(content) ?? 0
    const own = [...call.written].some((written) => {
      const place = history.placeOf(written)
      return place !== undefined && place <= last
    })
    if (!own) this.#onViolation(`${call.label} was told of a change that it did not make`, key)
  }

  /** A value is shown to a caller. */
  #tell(call: Call, key: string, content: Content): void {
    const history = this.#history.record(key)
    const floor = this.#toldBefore(key, call.order)
    if (content === nothing) {
      if (floor === undefined || this.#history.record(key).mayBeForgotten || this.#mayBeMissed(call, key)) return
      return this.#onViolation(
        `${call.label} was told that there is no such record, after somebody had been told of it`,
        key,
      )
    }
    if (history.isRemembered(content)) return
    const place = history.placeOf(content)
    const shown = this.#history.contents.describe(content)
    if (place === undefined) return this.#onViolation(`${call.label} was told ${shown}, which was not chosen`, key)
    if (floor !== undefined && place < floor) {
      this.#onViolation(`${call.label} was told ${shown}, after somebody had been told of a later value`, key)
    }
    this.#order += 1
    const { life } = history
    let told = this.#told.get(key)
    if (!told) {
      this.#told.set(key, (told = []))
      if (key.startsWith('job:')) this.toldJobs.push(key)
    }
    const last = told.at(-1)
    if (!last || last.life < life || last.place < place) told.push({ order: this.#order, life, place })
  }

  #toldBefore(key: string, order: number): number | undefined {
    const { life } = this.#history.record(key)
    return this.#told.get(key)?.findLast((told) => told.order < order && told.life === life)?.place
  }

  /**
   * Fewer coordinators held it, at least for a while, than any record has by the M that is in force where it was asked for; or some of
   * them have never been heard of there.
   */
  #mayBeMissed({ minReplications, knows }: Call, key: string): boolean {
    const history = this.#history.record(key)
    return history.smallestM < minReplications() || !history.replicas().every(knows)
  }
}
