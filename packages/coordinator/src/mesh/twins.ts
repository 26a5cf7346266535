import type { RecordValue } from '@skyclaw/protocol'
import { keep, write } from '../core/decision.ts'
import type { Core } from './core.ts'
import { twinsOf } from './locate.ts'
import type { MeshDecide, Step } from './mesh.ts'
import type { Proposer } from './proposer.ts'
import type { KnownHead } from './store.ts'
import { standingTwin, type Twin } from './twin-order.ts'

interface Meeting {
  /** Monotonic milliseconds: when this coordinator acts, if no other has. */
  dueAt: number
  tries: number
}

const firstPauseMs = 500
const longestPauseMs = 60_000
/** Met twins that are remembered at once; the look at all records finds the others later. */
const maxMeetings = 10_000
const perTick = 20

/**
 * Coordinators that see different replicas may make two records of one derived key. When they meet, one stands, the
 * older unless the other has ended already: a chosen change of it notes the other, and only then gives the other way, if its value still can.
 */
export class Twins {
  readonly #core: Core
  readonly #proposer: Proposer
  readonly #meetings = new Map<string, Meeting>()

  constructor(core: Core, proposer: Proposer) {
    this.#core = core
    this.#proposer = proposer
  }

  /** Pairs of which one has yet to give way. */
  get count(): number {
    return this.#meetings.size
  }

  /** Looks whether a record has a twin that it does not know of yet. */
  look(step: Step, record: KnownHead): void {
    const base = this.#core.rules.baseOf(record.key)
    if (base === undefined || this.#meetings.has(base) || this.#meetings.size >= maxMeetings) return
    if (!this.#quarrel(step, base)) return
    this.#core.hooks.count('twins_met')
    this.#meetings.set(base, { dueAt: step.now + firstPauseMs * this.#core.members.rank(record), tries: 0 })
  }

  tick(step: Step): void {
    let looked = 0
    for (const [base, meeting] of this.#meetings) {
      if (step.now < meeting.dueAt) continue
      const quarrel = this.#quarrel(step, base)
      if (!quarrel) {
        this.#meetings.delete(base)
        this.#core.hooks.count('twins_resolved')
        continue
      }
      meeting.tries += 1
      meeting.dueAt = step.now + Math.min(longestPauseMs, firstPauseMs * 2 ** meeting.tries) * (1 + this.#core.random())
      this.#resolve(step, quarrel)
      looked += 1
      if (looked === perTick) return
    }
  }

  /** The twin that stands, and one that should give way. */
  #quarrel(step: Step, base: string): { standing: Twin; other: Twin } | undefined {
    const { store, rules } = this.#core
    // Most records have none, and their values need not be read.
    if (store.keysWithBase(base, 2).length < 2) return undefined
    const twins = twinsOf(this.#core, base).filter(({ key }) => store.known(key))
    const standing = standingTwin(rules, twins)
    if (!standing) return undefined
    const other = twins.find(
      ({ key, value }) => key !== standing.key && rules.asDuplicate(value, standing.key, step.wall),
    )
    return other && { standing, other }
  }

  #resolve(step: Step, { standing, other }: { standing: Twin; other: Twin }): void {
    const { rules } = this.#core
    const note: MeshDecide = (current) => writeOr(current && rules.withTwin(current, other.key, step.wall))
    const giveWay: MeshDecide = (current) => writeOr(current && rules.asDuplicate(current, standing.key, step.wall))
    this.#proposer.start(step, {
      key: standing.key,
      decide: note,
      atEnd: (later, { ok }) => {
        if (ok) this.#proposer.start(later, { key: other.key, decide: giveWay })
      },
    })
  }
}

function writeOr(value: RecordValue | null) {
  return value === null ? keep : write(value)
}
