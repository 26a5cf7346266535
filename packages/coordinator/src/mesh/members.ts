import type { MeshMember } from './mesh.ts'
import type { KnownHead } from './store.ts'
import { placeOf } from './version.ts'

/** The coordinators as the membership sees them, this one included. */
export class Members {
  readonly #self: string
  readonly #others = new Map<string, MeshMember>()
  #alive: readonly string[] = []
  #eligible: readonly string[] = []
  /** When this coordinator started: instances that no member list names count as dead since then. */
  readonly #startedAt: number

  constructor(self: string, startedAt: number) {
    this.#self = self
    this.#startedAt = startedAt
  }

  /** Answers whether what could not be done before may be done now: somebody has come, has caught up, or never returns. */
  set(members: readonly MeshMember[]): boolean {
    const here = () => this.expected().flatMap(({ instance, alive, ready }) => (alive ? `${instance} ${ready}` : []))
    const before = new Set(here())
    const expected = this.expected()
    this.#others.clear()
    for (const member of members) if (member.instance !== this.#self) this.#others.set(member.instance, member)
    const alive = this.expected().filter((member) => member.alive)
    this.#alive = alive.map(({ instance }) => instance)
    this.#eligible = alive.filter(({ ready }) => ready).map(({ instance }) => instance)
    return here().some((one) => !before.has(one)) || expected.some(({ instance }) => this.neverReturns(instance))
  }

  /** Whether no other one is known of. */
  get isAlone(): boolean {
    return this.#others.size === 0
  }

  /** Those that may come back, dead or alive, without this one. */
  expected(): MeshMember[] {
    return [...this.#others.values()].filter((member) => !member.forgotten)
  }

  /**
   * How many may hold records that nobody else does, besides those that answered. A forgotten one counts for as long as it takes to
   * have its records kept elsewhere.
   */
  silent(answered: ReadonlySet<string>, now: number, repairAfterMs: number): number {
    const unheard = [...this.#others.values()].filter(({ instance, ready }) => !ready || !answered.has(instance))
    return unheard.filter(({ forgotten, since }) => !forgotten || now - since < repairAfterMs).length
  }

  /** Alive, without this one. */
  alive(): readonly string[] {
    return this.#alive
  }

  isAlive(instance: string): boolean {
    if (instance === this.#self) return true
    const member = this.#others.get(instance)
    return member !== undefined && member.alive && !member.forgotten
  }

  isForgotten(instance: string): boolean {
    return this.#others.get(instance)?.forgotten === true
  }

  /** Whether it is forgotten, by an operator or because another took its place long ago. */
  neverReturns(instance: string): boolean {
    if (instance === this.#self) return false
    const member = this.#others.get(instance)
    return member === undefined || member.forgotten === true
  }

  /** Alive and caught up, without this one: fit to keep records. */
  eligible(): readonly string[] {
    return this.#eligible
  }

  /** Whether an instance has been dead for so long, or never returns. */
  isLost(instance: string, now: number, afterMs: number): boolean {
    if (this.isAlive(instance)) return false
    if (this.isForgotten(instance)) return true
    return now - (this.#others.get(instance)?.since ?? this.#startedAt) >= afterMs
  }

  /** This coordinator's place among those who may act on a record. */
  rank(record: KnownHead): number {
    return this.order(record).indexOf(this.#self)
  }

  /** Those who may act on a record: its live replicas in their order, then the others. */
  order(record: KnownHead): string[] {
    const { replicas } = placeOf(record).set
    const others = [this.#self, ...this.alive()].filter((id) => !replicas.includes(id))
    return [...replicas.filter((id) => this.isAlive(id)), ...others.toSorted()]
  }
}
