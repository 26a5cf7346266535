import { Dice } from '../../chaos/dice.ts'
import type { Peer } from '../../../packages/coordinator/src/network/membership.ts'
import { Agenda } from '../world/agenda.ts'
import { Network, type NetworkPlan } from '../world/network.ts'
import { Coordinator } from './coordinator.ts'
import { Observer } from './observer.ts'
import { Traffic } from './traffic.ts'

export interface FieldPlan {
  readonly seed: number
  readonly network?: Partial<NetworkPlan>
  readonly intervalMs?: number
  /** Time between two ticks of each coordinator; default 100. */
  readonly tickMs?: number
  /** Of so many small messages the size of one is measured; default 1. */
  readonly sampleEvery?: number
  readonly trace?: (line: string) => void
}

const quietNetwork: NetworkPlan = { delayMs: 5, slowChance: 0, slowMs: 0, lossChance: 0, duplicateChance: 0 }

/**
 * Up to hundreds of coordinators as far as their membership goes, in one process: the production core of each, on virtual time and a
 * virtual network, and what is true of them, with which the observer compares what they believe.
 */
export class Field {
  readonly agenda = new Agenda()
  readonly dice: Dice
  readonly network: Network
  readonly traffic: Traffic
  readonly observer = new Observer(this)
  readonly coordinators: Coordinator[] = []
  /** Whose each instance is or was. */
  readonly owners = new Map<string, Coordinator>()
  readonly intervalMs: number
  readonly tickMs: number
  readonly #byUrl = new Map<string, Coordinator>()
  readonly #trace: ((line: string) => void) | undefined
  /** Links that are cut; with any, who can be heard is looked at pair by pair. */
  #cuts = 0
  #sampled = 0

  constructor(plan: FieldPlan) {
    this.dice = new Dice(plan.seed).fork('members')
    this.network = new Network(this.agenda, this.dice.fork('network'), { ...quietNetwork, ...plan.network })
    this.traffic = new Traffic(plan.sampleEvery ?? 1)
    this.intervalMs = plan.intervalMs ?? 1_000
    this.tickMs = plan.tickMs ?? 100
    this.#trace = plan.trace
  }

  /** A coordinator that is not started yet. */
  add(peerUrls: readonly string[], name = `n${this.coordinators.length + 1}`): Coordinator {
    const coordinator = new Coordinator(this, name, peerUrls)
    this.coordinators.push(coordinator)
    this.#byUrl.set(coordinator.url, coordinator)
    return coordinator
  }

  at(url: string): Coordinator | undefined {
    return this.#byUrl.get(url)
  }

  get running(): Coordinator[] {
    return this.coordinators.filter(({ isRunning }) => isRunning)
  }

  /** Cuts links one way until the answer is called. */
  cut(from: readonly Coordinator[], to: readonly Coordinator[]): () => void {
    const names = (side: readonly Coordinator[]) => side.map(({ name }) => name)
    const mend = this.network.cut(names(from), names(to))
    this.#cuts += 1
    this.#listen()
    let over = false
    return () => {
      if (over) return
      over = true
      mend()
      this.#cuts -= 1
      this.#listen()
    }
  }

  /** Nothing passes between two sides until the answer is called. */
  part(left: readonly Coordinator[], right: readonly Coordinator[]): () => void {
    const mends = [this.cut(left, right), this.cut(right, left)]
    return () => mends.forEach((mend) => mend())
  }

  /** Most messages are lost for a while: nobody counts as heard. */
  storm(ms: number): void {
    const until = this.agenda.now + ms
    this.network.stormUntil = Math.max(until, this.network.stormUntil)
    this.#listen()
    this.agenda.at(until, () => this.#listen())
  }

  /** Whether a coordinator takes part has changed. */
  changed(coordinator: Coordinator): void {
    const { process, isPaused, name } = coordinator
    this.trace(() => `${name} is ${process === undefined ? 'down' : isPaused ? 'paused' : 'up'}`)
    if (coordinator.isRunning) this.observer.started(coordinator)
    else this.observer.stopped(coordinator)
    if (this.#cuts > 0 || this.agenda.now < this.network.stormUntil) this.#listen()
    else coordinator.silence.note(coordinator.isRunning, this.agenda.now)
  }

  run(ms: number): void {
    this.agenda.runUntil(this.agenda.now + ms, () => true)
  }

  /** Runs until something holds; answers how long (virtual milliseconds) that took, or undefined when it did not within `mostMs`. */
  until(holds: () => boolean, mostMs: number): number | undefined {
    const start = this.agenda.now
    while (!holds()) {
      if (this.agenda.now - start >= mostMs) return undefined
      this.run(100)
    }
    return this.agenda.now - start
  }

  /** A sentence as long as those that run do not all know each other as alive, and nobody else. */
  disagreement(): string | undefined {
    const { running } = this
    const wanted = new Set(running.map(({ instance }) => instance))
    for (const { name, instance, process } of running) {
      let alive = 0
      for (const peer of process!.membership.peers()) {
        if (peer.state === 'suspect') return `${name} suspects ${peer.nodeId}`
        if (peer.state !== 'alive') continue
        if (!wanted.has(peer.instance) || peer.instance === instance) return `${name} counts ${peer.instance} as alive`
        if (!peer.usable) return `${name} cannot work with ${peer.nodeId}: ${experience(peer)}`
        alive += 1
      }
      if (alive !== running.length - 1) return `${name} counts ${alive} of ${running.length - 1} others as alive`
    }
    return undefined
  }

  get agrees(): boolean {
    return this.disagreement() === undefined
  }

  trace(line: () => string): void {
    this.#trace?.(`${(this.agenda.now / 1_000).toFixed(3).padStart(9)} ${line()}`)
  }

  sample(every: number, what: () => void): void {
    this.#sampled += 1
    if (this.#sampled % every === 0) what()
  }

  /** Who runs is heard when each other one that runs reaches it, itself or through two that do. */
  #listen(): void {
    const { running } = this
    const isStormy = this.agenda.now < this.network.stormUntil
    for (const coordinator of this.coordinators) {
      const heard =
        !isStormy &&
        coordinator.isRunning &&
        running.every((other) => other === coordinator || this.#reaches(other, coordinator))
      coordinator.silence.note(heard, this.agenda.now)
    }
  }

  #reaches(from: Coordinator, to: Coordinator): boolean {
    if (this.#isOpen(from, to)) return true
    let through = 0
    for (const other of this.running) {
      if (other === from || other === to || !this.#isOpen(from, other) || !this.#isOpen(other, to)) continue
      // Who came after the cut may be known to neither side.
      if (!from.process!.membership.peer(other.instance)?.usable) continue
      through += 1
      if (through === 2) return true
    }
    return false
  }

  #isOpen(from: Coordinator, to: Coordinator): boolean {
    return this.network.isOpen(from.name, to.name) && this.network.isOpen(to.name, from.name)
  }
}

function experience({ knowsUs, failure }: Peer): string {
  if (failure) return failure.message
  return knowsUs ? 'it answers, and is not used' : 'it does not count it as a member'
}
