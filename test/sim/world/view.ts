import type { Dice } from '../../chaos/dice.ts'
import type { MeshMember } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { MembershipPlan } from './plan.ts'

interface Seen {
  readonly machine: string
  /** When another instance was heard in its place, in virtual milliseconds. */
  replacedAt: number | undefined
  alive: boolean
  ready: boolean
  since: number
  forgotten: boolean
  /** Virtual time. */
  heardAt: number
  /** Until then this view of it is wrong. */
  wrongUntil: number
}

const unseen = { replacedAt: undefined, alive: false, ready: false, forgotten: false, wrongUntil: 0 }

/** What is true of an instance at the moment when another looks at it. */
export interface Truth {
  readonly instance: string
  readonly machine: string
  /** It could be heard right now. */
  readonly heard: boolean
  readonly ready: boolean
  /** Another instance is on its machine now. */
  readonly replaced: boolean
  readonly forgotten: boolean
}

/** What one coordinator believes of the others: late, and sometimes wrong. */
export class View {
  readonly #dice: Dice
  readonly #plan: MembershipPlan
  readonly #seen = new Map<string, Seen>()
  /** For so long one that was replaced counts as a member that may know things. */
  readonly #keepReplacedMs: number
  /** Machines that it is configured with. Who was never heard there may know of records too. */
  #expected: readonly string[] = []

  constructor(dice: Dice, plan: MembershipPlan, keepReplacedMs: number) {
    this.#dice = dice
    this.#plan = plan
    this.#keepReplacedMs = keepReplacedMs
  }

  members(): MeshMember[] {
    const met = new Set<string>()
    const seen = [...this.#seen].map(([instance, { machine, alive, ready, since, forgotten, replacedAt }]) => {
      // Where one was forgotten or replaced, another is expected.
      if (!forgotten && replacedAt === undefined) met.add(machine)
      return { instance, alive, ready, since, ...(forgotten && { forgotten }) }
    })
    const unheard = this.#expected.filter((machine) => !met.has(machine))
    return [...seen, ...unheard.map((machine) => ({ instance: machine, alive: false, ready: false, since: 0 }))]
  }

  knows(instance: string): boolean {
    return this.#seen.has(instance)
  }

  /** Strangers and forgotten instances are refused. */
  mayTalk(instance: string): boolean {
    const seen = this.#seen.get(instance)
    return seen !== undefined && !seen.forgotten && seen.replacedAt === undefined
  }

  /** A restarted process knows the names of the others, and has heard none of them. */
  restarted(monotonic: number): void {
    for (const seen of this.#seen.values()) {
      seen.alive = false
      seen.since = monotonic
      seen.heardAt = Number.NEGATIVE_INFINITY
      seen.wrongUntil = 0
    }
  }

  /** A new database knows nobody but the names of machines. */
  clear(expected: readonly string[]): void {
    this.#seen.clear()
    this.#expected = expected
  }

  introduce(instance: string, machine: string): void {
    this.#seen.set(instance, { ...unseen, machine, alive: true, ready: true, since: 0, heardAt: 0 })
  }

  /** Looks at another instance; says whether anything changed. */
  look(truth: Truth, at: { now: number; monotonic: number; calm: boolean }): boolean {
    let seen = this.#seen.get(truth.instance)
    if (seen?.replacedAt !== undefined && at.now - seen.replacedAt > this.#keepReplacedMs) {
      return this.#seen.delete(truth.instance)
    }
    if (!seen) {
      if (!truth.heard) return false
      seen = { ...unseen, machine: truth.machine, since: at.monotonic, heardAt: at.now }
      this.#seen.set(truth.instance, seen)
    }
    const before = `${seen.alive} ${seen.ready} ${seen.forgotten}`
    if (truth.heard) {
      seen.heardAt = at.now
      seen.ready = truth.ready
    }
    if (truth.forgotten) seen.forgotten = true
    if (truth.replaced) seen.replacedAt ??= at.now
    const alive = seen.replacedAt === undefined && at.now - seen.heardAt < this.#plan.detectMs
    const wrong = this.#isWrong(seen, at)
    if ((alive !== wrong) !== seen.alive) {
      seen.alive = alive !== wrong
      seen.since = at.monotonic
    }
    return before !== `${seen.alive} ${seen.ready} ${seen.forgotten}`
  }

  #isWrong(seen: Seen, at: { now: number; calm: boolean }): boolean {
    if (at.calm) return false
    const { errorChance, errorMs } = this.#plan
    if (at.now >= seen.wrongUntil && this.#dice.chance(errorChance)) {
      seen.wrongUntil = at.now + errorMs * this.#dice.next()
    }
    return at.now < seen.wrongUntil
  }
}
