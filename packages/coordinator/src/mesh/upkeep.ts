import type { ReplicaSet } from '@skyclaw/protocol'
import { keep } from '../core/decision.ts'
import { type Core, eligible } from './core.ts'
import type { Inquiries } from './inquiry.ts'
import type { Step } from './mesh.ts'
import type { Proposer } from './proposer.ts'
import { acceptQuorum, rankByHash } from './replica-set.ts'
import type { KnownHead } from './store.ts'
import { placeOf, sameSet } from './version.ts'

const page = 500
/** Between two pages of one look at all records, and between two looks. */
const pageEveryMs = 1_000
const lookEveryMs = 30_000
/** A coordinator leaves a record for so long to each of those before it in rank. */
const rankPauseMs = 3_000
/** Needs that are remembered at once; what finds no room is seen again by the next look. */
const maxNeeds = 20_000
/** A promise for which no value came is forgotten after the retention. */
const prunedPerPage = 500

export interface UpkeepParts {
  readonly core: Core
  readonly proposer: Proposer
  readonly inquiries: Inquiries
  /** Called for each record that is looked at. */
  readonly onSeen: (step: Step, record: KnownHead) => void
}

interface Look {
  belowMinimum: number
  underReplicated: number
}

/**
 * Looks, page by page, at all records that can still change: moves those whose replica set has lost members, or is smaller or of another
 * M than it could be; and writes anew those that stood still for a quarter of the retention, so that whatever is older is finished or
 * forgotten.
 */
export class Upkeep {
  readonly #core: Core
  readonly #proposer: Proposer
  readonly #inquiries: Inquiries
  readonly #onSeen: (step: Step, record: KnownHead) => void
  /** When (monotonic milliseconds) this coordinator acts on a record that needs something, if no other has. */
  readonly #needs = new Map<string, number>()
  #after = ''
  #nextPageAt = 0
  #allowance = 0
  #lastTickAt = 0
  #current: Look = { belowMinimum: 0, underReplicated: 0 }
  latest: Look = this.#current

  constructor({ core, proposer, inquiries, onSeen }: UpkeepParts) {
    this.#core = core
    this.#proposer = proposer
    this.#inquiries = inquiries
    this.#onSeen = onSeen
  }

  /** Something changed about the members: the next look begins soon. */
  hurry(now: number): void {
    this.#nextPageAt = Math.min(this.#nextPageAt, now + pageEveryMs)
  }

  tick(step: Step): void {
    const { upkeepPerSecond } = this.#core.options
    const perMs = upkeepPerSecond / 1_000
    this.#allowance = Math.min(upkeepPerSecond, this.#allowance + (step.now - this.#lastTickAt) * perMs)
    this.#lastTickAt = step.now
    this.#act(step)
    if (step.now >= this.#nextPageAt) this.#lookAtPage(step)
  }

  #lookAtPage(step: Step): void {
    const { store, options } = this.#core
    const records = store.changeable(this.#after, page)
    for (const record of records) this.#look(step, record)
    store.pruneRegisters(step.wall - options.retentionMs, prunedPerPage)
    if (records.length === page) {
      this.#after = records.at(-1)!.key
      this.#nextPageAt = step.now + pageEveryMs
      return
    }
    this.#after = ''
    this.latest = this.#current
    this.#current = { belowMinimum: 0, underReplicated: 0 }
    this.#nextPageAt = step.now + Math.min(lookEveryMs, options.repairAfterMs, options.retentionMs / 16)
  }

  #look(step: Step, record: KnownHead): void {
    const { members } = this.#core
    const { set } = placeOf(record)
    const live = set.replicas.filter((id) => members.isAlive(id)).length
    if (live < acceptQuorum(set)) this.#current.belowMinimum += 1
    const better = this.#betterSet(step, record.key, set)
    if (better) this.#current.underReplicated += 1
    this.#onSeen(step, record)
    // A sealed value whose next generation nobody has begun is kept by the old one only.
    const needs = better !== undefined || record.moved !== undefined || this.#isStale(step, record)
    if (!needs) this.#needs.delete(record.key)
    else if (!this.#needs.has(record.key) && this.#needs.size < maxNeeds) {
      this.#needs.set(record.key, step.now + members.rank(record) * rankPauseMs)
    }
  }

  #act(step: Step): void {
    const { store, rules } = this.#core
    for (const [key, dueAt] of this.#needs) {
      if (this.#allowance < 1) return
      if (step.now < dueAt || this.#proposer.isBusy(key)) continue
      const record = store.known(key)
      if (!record || rules.isFinal(record.value)) {
        this.#needs.delete(key)
        continue
      }
      this.#needs.delete(key)
      this.#allowance -= 1
      if (this.#betterSet(step, key, placeOf(record).set) || record.moved) this.#move(step, key)
      else if (this.#isStale(step, record)) this.#refresh(step, key)
    }
  }

  /** Only to coordinators that answer right now: one that has just died for good would leave the record without a quorum. */
  #move(step: Step, key: string): void {
    this.#inquiries.ask(step, { by: 'key', text: key }, (later, { answered }) => this.#moveTo(later, key, answered))
  }

  #moveTo(step: Step, key: string, answered: ReadonlySet<string>): void {
    const { hooks, rules } = this.#core
    let moved = false
    this.#proposer.start(step, {
      key,
      decide: (current, _key, set) => {
        const open = current && !rules.isFinal(current) && !moved
        const better = open ? this.#betterSet(step, key, set, answered) : undefined
        if (!better) return keep
        moved = true
        return { kind: 'move', set: better }
      },
      atEnd: (_step, { ok }) => {
        if (ok && moved) hooks.count('replica_set_moved')
      },
    })
  }

  #refresh(step: Step, key: string): void {
    this.#proposer.start(step, {
      key,
      refresh: true,
      decide: () => keep,
      atEnd: (_step, { ok }) => {
        if (ok) this.#core.hooks.count('refreshed')
      },
    })
  }

  #isStale({ wall }: Step, { writtenAt }: KnownHead): boolean {
    return writtenAt < wall - this.#core.options.retentionMs / 4
  }

  /**
   * The replica set that the record should have, when it is another: its live replicas first, then the best-ranked others. Lost ones
   * stay when nobody can take their place: a smaller set stands no more than one with a gap.
   */
  #betterSet(step: Step, key: string, set: ReplicaSet, answered?: ReadonlySet<string>): ReplicaSet | undefined {
    const { members, options, self } = this.#core
    // One alone says what M should be, or coordinators of different M would move the record to and fro.
    const first = set.replicas.find((id) => members.isAlive(id)) ?? self
    const m = first === self ? options.minReplications() : set.m
    const isLost = (id: string) => members.isLost(id, step.now, options.repairAfterMs)
    const staying = set.replicas.filter((id) => !isLost(id))
    const isThere = (id: string) => id === self || (answered ? answered.has(id) : members.isAlive(id))
    const fit = eligible(this.#core).filter(isThere)
    const joining = rankByHash(
      key,
      fit.filter((id) => !set.replicas.includes(id)),
    )
    const size = Math.max(staying.length + joining.length, set.replicas.length)
    const replicas = [...staying, ...joining, ...set.replicas.filter(isLost)].slice(0, Math.min(size, 2 * m - 1))
    const better = { replicas, m }
    // A replica that is down for the moment stays; but enough of the new set must be there to keep what is moved.
    return replicas.filter(isThere).length < acceptQuorum(better) || replicas.length < m || sameSet(set, better)
      ? undefined
      : better
  }
}
