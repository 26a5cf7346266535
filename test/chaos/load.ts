import type { Caller } from '../support/http.ts'
import { meddle } from './bystanders.ts'
import type { Dice } from './dice.ts'
import { type Orders, enqueueBatches, enqueueSingly } from './enqueuers.ts'
import type { Stage } from './resend.ts'
import { SimulatedHost } from './simulated-host.ts'

const hostCount = 6
const singleEnqueuers = 14
const batchEnqueuers = 5
const bystanders = 6

export interface LoadOptions {
  /** A silence of a host longer than this costs its leases. */
  readonly leaseMs: number
  /** Through which an actor talks to whom; asked once for each. */
  readonly connect: (dice: Dice) => Caller
}

interface Actor {
  readonly host: SimulatedHost
  readonly end: AbortController
}

/** Everybody who talks to the coordinators, each again and again, with no more than one request under way (a host with several). */
export class Load {
  readonly orders: Orders = { left: 0, keylessUnanswered: 0 }
  readonly #stage: Omit<Stage, 'http'>
  readonly #options: LoadOptions
  readonly #stopped = new AbortController()
  readonly #hosts: Actor[] = []
  readonly #works: Promise<void>[] = []
  #hostsMade = 0

  constructor(stage: Omit<Stage, 'http'>, options: LoadOptions) {
    this.#stage = stage
    this.#options = options
    for (let index = 0; index < hostCount; index += 1) this.#addHost()
    this.#enter(singleEnqueuers, 'single', (own) => enqueueSingly(own, this.orders, this.#stopped.signal))
    this.#enter(batchEnqueuers, 'batch', (own) => enqueueBatches(own, this.orders, this.#stopped.signal))
    this.#enter(bystanders, 'bystander', (own) => meddle(own, this.#stopped.signal))
  }

  /** Makes a host silent for longer than its lease: mostly for so long that others have its jobs when it goes on. */
  freezeOneHost(): void {
    const { dice } = this.#stage
    dice.pick(this.#hosts)?.host.freeze(Math.round(this.#options.leaseMs * (1.2 + 3 * dice.next())))
  }

  /** Ends a host for good, whatever it holds; another one takes its place. */
  replaceOneHost(): void {
    const [dead] = this.#hosts.splice(this.#stage.dice.int(0, this.#hosts.length - 1), 1)
    dead?.end.abort()
    this.#addHost()
  }

  /** Resolves when everybody but the hosts has had the last answer. */
  async stopEnqueuing(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#works)
  }

  #addHost(): void {
    this.#hostsMade += 1
    const id = `host-${this.#hostsMade}`
    const capabilities = this.#hostsMade % 3 === 0 ? ['shell'] : ['shell', 'gpu']
    const end = new AbortController()
    const signal = AbortSignal.any([this.#stage.signal, end.signal])
    const host = new SimulatedHost(this.#stageOf(id, signal), { id, capabilities, leaseMs: this.#options.leaseMs })
    this.#hosts.push({ host, end })
    this.#watch(host.run())
  }

  #enter(count: number, role: string, act: (stage: Stage) => Promise<void>): void {
    for (let index = 0; index < count; index += 1) {
      const work = act(this.#stageOf(`${role} ${index}`))
      this.#works.push(work)
      this.#watch(work)
    }
  }

  #stageOf(name: string, signal = this.#stage.signal): Stage {
    const dice = this.#stage.dice.fork(name)
    return { ...this.#stage, signal, dice, http: this.#options.connect(dice) }
  }

  /** An actor that breaks is a violation: the load must not dwindle unseen. */
  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => this.#stage.witness.violate(`an actor broke: ${String(error)}`))
  }
}
