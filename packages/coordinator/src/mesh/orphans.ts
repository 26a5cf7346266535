import type { LedgerRecord } from '@skyclaw/protocol'
import { keep, write } from '../core/decision.ts'
import type { Core } from './core.ts'
import type { Findings, Inquiries } from './inquiry.ts'
import type { Knowledge } from './knowledge.ts'
import type { Step } from './mesh.ts'
import { PassingMap } from './passing-map.ts'
import type { Proposer } from './proposer.ts'
import { acceptQuorum } from './replica-set.ts'
import type { Spread } from './spread.ts'
import type { Register } from './store.ts'
import { compareBallots, compareTerms, termOf } from './version.ts'

interface Orphan {
  /** Monotonic milliseconds: when it is looked after. */
  dueAt: number
  tries: number
  /** Among its replicas: they take turns, so that they do not outbid each other. */
  readonly rank: number
}

export interface OrphansParts {
  readonly core: Core
  readonly knowledge: Knowledge
  readonly inquiries: Inquiries
  readonly proposer: Proposer
  readonly spread: Spread
}

const longestPauseMs = 60_000
/** Begun in one tick at most. */
const perTick = 20
/** Looked after at once at most: where answers take long, asking for more would make them take longer. */
const maxUnderway = 100
const page = 500

/**
 * A proposer may die after a quorum accepted and before anybody learned. Each coordinator looks after the values that it accepted and
 * did not learn: it asks whether a quorum holds them, which needs no write, and otherwise writes them back by a round of its own.
 */
export class Orphans {
  readonly #parts: OrphansParts
  readonly #waiting = new PassingMap<string, Orphan>()
  #underway = 0

  constructor(parts: OrphansParts, now: number) {
    this.#parts = parts
    const { store } = parts.core
    for (let keys = store.unlearned('', page); keys.length > 0; keys = store.unlearned(keys.at(-1)!, page)) {
      for (const key of keys) this.#watch(key, now)
    }
  }

  get count(): number {
    return this.#waiting.size
  }

  accepted(step: Step, key: string): void {
    if (!this.#waiting.has(key)) this.#watch(key, step.now)
  }

  learned(key: string): void {
    const row = this.#parts.core.store.register(key)
    if (!row?.accepted || !this.#isOrphan(row)) this.#waiting.delete(key)
  }

  /** The members have changed: what could not be helped before may be now. */
  hurry(now: number): void {
    for (const [, orphan] of this.#waiting) {
      if (orphan.tries === 0) continue
      orphan.tries = 0
      orphan.dueAt = Math.min(orphan.dueAt, now + this.#pauseMs(orphan))
    }
  }

  tick(step: Step): void {
    let looked = 0
    for (const [key, orphan] of this.#waiting) {
      if (this.#underway >= maxUnderway) return
      if (step.now < orphan.dueAt) continue
      this.#look(step, key, orphan)
      looked += 1
      if (looked === perTick) return
    }
  }

  #watch(key: string, now: number): void {
    const { store, self } = this.#parts.core
    const rank = Math.max(0, store.register(key)?.set.replicas.indexOf(self) ?? 0)
    this.#waiting.set(key, { dueAt: now + this.#pauseMs({ rank, tries: 0 }), tries: 0, rank })
  }

  #pauseMs({ rank, tries }: Pick<Orphan, 'rank' | 'tries'>): number {
    const { options, pace, random } = this.#parts.core
    const pauseMs = Math.min(longestPauseMs, options.orphanAfterMs * pace.factor * 2 ** tries)
    return pauseMs * (1 + rank + random() * 0.5)
  }

  #look(step: Step, key: string, orphan: Orphan): void {
    const { core, proposer, inquiries } = this.#parts
    const row = core.store.register(key)
    if (!row || !this.#isOrphan(row)) return void this.#waiting.delete(key)
    if (this.#isForgotten(step, row)) {
      core.store.putRegister({ ...row, accepted: null, proposal: null }, false)
      return void this.#waiting.delete(key)
    }
    // Those that cannot be helped for now must not keep the others from their turn.
    this.#waiting.delete(key)
    this.#waiting.set(key, orphan)
    orphan.tries += 1
    orphan.dueAt = step.now + this.#pauseMs(orphan)
    if (proposer.isBusy(key)) return
    this.#underway += 1
    inquiries.ask(step, { by: 'key', text: key }, (later, findings) => {
      this.#underway -= 1
      this.#judge(later, key, findings)
    })
  }

  #judge(step: Step, key: string, findings: Findings): void {
    const { core, knowledge, spread } = this.#parts
    knowledge.learnFrom(step, findings)
    const row = core.store.register(key)
    if (!row || !this.#isOrphan(row)) return
    const holders = findings.holdings.filter(({ from, holding }) => {
      const { accepted } = holding
      if (!accepted || !row.set.replicas.includes(from) || compareTerms(accepted.version, row) !== 0) return false
      return compareBallots(accepted.version.ballot, row.accepted) === 0
    })
    if (holders.length < acceptQuorum(row.set)) return this.#writeBack(step, row)
    const { value, moved, writtenAt } = row.proposal!
    const version = { ...termOf(row), ballot: row.accepted! }
    const record: LedgerRecord = { key, version, set: row.set, ...(moved && { moved }), writtenAt, value }
    core.hooks.count('orphan_recovered')
    knowledge.learn(step, record)
    spread.tell(step, record, (id) => holders.some(({ from }) => from === id))
  }

  #writeBack(step: Step, { key }: Register): void {
    const { core, proposer } = this.#parts
    this.#underway += 1
    proposer.start(step, {
      key,
      decide: (current) => {
        // A creation that nobody was told of does not come true long after whoever wanted it has given up.
        const lapsed = current && !core.store.known(key) ? core.rules.lapsed(current, step.wall) : null
        if (lapsed) core.hooks.count('creation_lapsed')
        return lapsed ? write(lapsed) : keep
      },
      atEnd: (_step, { ok }) => {
        this.#underway -= 1
        this.learned(key)
        if (ok) core.hooks.count('orphan_recovered')
      },
    })
  }

  /**
   * A value that finished the record, as old as the retention, and nothing else is known of it: forgotten, once so many of its replicas
   * never return that no round can tell more. As long as a quorum may come back, it stays: if it was never chosen, the value before it
   * stands, and who holds that may be away. A round finishes the record with those, or is told that it is gone.
   */
  #isForgotten({ wall }: Step, { key, proposal, set }: Register): boolean {
    const { rules, options, store, members } = this.#parts.core
    if (!proposal || !rules.isFinal(proposal.value) || store.known(key)) return false
    if (proposal.writtenAt >= wall - options.retentionMs) return false
    return set.replicas.filter((id) => !members.isForgotten(id)).length < acceptQuorum(set)
  }

  #isOrphan(row: Register): boolean {
    if (!row.accepted) return false
    const known = this.#parts.core.store.known(row.key)
    return !known || (compareTerms(row, known.version) || compareBallots(row.accepted, known.version.ballot)) > 0
  }
}
