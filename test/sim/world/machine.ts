import { createTurns } from '@skyclaw/store'
import type { PeerMessage } from '@skyclaw/protocol'
import type { Dice } from '../../chaos/dice.ts'
import { createMesh } from '../../../packages/coordinator/src/mesh/create-mesh.ts'
import type { Mesh, MeshEvent, PulledPage, PullRequest } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { ValueRules } from '../../../packages/coordinator/src/mesh/value-rules.ts'
import { createDriver, type MeshDriver } from '../../../packages/coordinator/src/runtime/driver.ts'
import type { DiskMirror } from '../history/disk-mirror.ts'
import type { Agenda } from './agenda.ts'
import type { Clock } from './clock.ts'
import { type CommitFault, type Disk, prunedAtOnce } from './disk.ts'
import type { Heirs } from './heirs.ts'
import type { Plan } from './plan.ts'
import type { Member } from './member.ts'

/** What a machine needs of the world around it. */
export interface Surroundings {
  readonly agenda: Agenda
  readonly plan: Plan
  readonly rules: ValueRules
  readonly heirs: Heirs | undefined
  /** Carries a batch to another coordinator. */
  transmit(from: Machine, to: string, messages: readonly PeerMessage[]): void
  /** Asks another coordinator for a page of its feed. */
  pull(by: Machine, from: string, request: PullRequest): void
  count(event: MeshEvent): void
  trace(line: () => string): void
  /** The code under test threw. */
  failed(machine: Machine, error: unknown): void
  crashed(machine: Machine): void
}

/** One life of the coordinator's process. */
interface Process {
  readonly driver: MeshDriver
  readonly mesh: Mesh
}

/** A machine with a disk, a clock and, while it is up, a coordinator: the real mesh, driver, turns and store. */
export class Machine {
  readonly name: string
  readonly clock: Clock
  readonly member: Member
  minReplications: number
  disk: Disk
  mirror: DiskMirror
  process: Process | undefined
  pausedUntil = 0
  /** When it last went on after a pause, on its own clock. */
  resumedAt = 0
  /** Until then (virtual milliseconds) it is away for long: paused or down. */
  awayUntil = 0
  /** Restarts are planned by whoever stopped it. */
  downUntil = 0
  readonly #world: Surroundings
  readonly #dice: Dice
  readonly #power: Dice
  /** What waits for the end of a pause. */
  readonly #held: (() => void)[] = []

  constructor(
    name: string,
    parts: {
      world: Surroundings
      dice: Dice
      clock: Clock
      member: (machine: Machine) => Member
      disk: Disk
      mirror: DiskMirror
      minReplications: number
    },
  ) {
    this.name = name
    this.#world = parts.world
    this.#dice = parts.dice
    this.#power = parts.dice.fork('power')
    this.clock = parts.clock
    this.disk = parts.disk
    this.mirror = parts.mirror
    this.minReplications = parts.minReplications
    this.member = parts.member(this)
  }

  get instance(): string {
    return this.disk.instance
  }

  get isUp(): boolean {
    return this.process !== undefined
  }

  get isPaused(): boolean {
    return this.pausedUntil > this.#world.agenda.now
  }

  get wall(): number {
    return this.clock.wall(this.#world.agenda.now)
  }

  get monotonic(): number {
    return this.clock.monotonic(this.#world.agenda.now)
  }

  start(): void {
    const { plan, agenda } = this.#world
    this.clock.boot(agenda.now)
    this.disk.wall = () => this.wall
    this.disk.reload()
    const turns = createTurns(this.disk.store, {
      onFatal: (error) => {
        if (!/the (disk|power) failed/.test(String(error.cause))) this.#world.failed(this, error)
        this.crash()
      },
      schedule: (run) => this.#schedule(run),
      scheduleSync: (run) => this.#schedule(run),
    })
    const mesh = this.#watched(this.#createMesh())
    const clock = { now: () => this.wall, monotonic: () => this.monotonic }
    const process: { driver?: MeshDriver; mesh: Mesh } = { mesh }
    const isAlive = () => this.process === process
    const driver = createDriver({
      turns,
      clock,
      mesh,
      outbox: {
        send: (to, messages) => void (isAlive() && this.#world.transmit(this, to, messages)),
        pull: (from, request) => void (isAlive() && this.#world.pull(this, from, request)),
      },
    })
    process.driver = driver
    this.process = process as Process
    this.member.start()
    driver.setMembers(this.member.members())
    this.#world.trace(() => `${this.name} starts as ${this.instance}`)
    const tick = () => {
      if (!isAlive()) return
      driver.tick()
      agenda.in(plan.tickMs * (0.8 + 0.4 * this.#dice.next()), tick)
    }
    agenda.in(plan.tickMs * this.#dice.next(), tick)
  }

  /** The process ends at once, with what was committed on its disk and nothing else; when the power fails, with what was durable there. */
  crash(): void {
    if (!this.process) return
    this.process = undefined
    if (this.#power.chance(0.5)) this.disk.keep()
    else this.disk.lose()
    this.member.stop()
    this.pausedUntil = 0
    this.resumedAt = 0
    this.#held.length = 0
    this.#world.trace(() => `${this.name} crashes`)
    this.#world.crashed(this)
  }

  /** Nothing runs until a time (virtual milliseconds); what arrives meanwhile waits. */
  pause(until: number): void {
    this.pausedUntil = Math.max(until, this.pausedUntil)
    this.#world.agenda.at(until, () => this.#goOn())
  }

  /** A pause ends early. */
  resume(): void {
    this.pausedUntil = Math.min(this.pausedUntil, this.#world.agenda.now)
    this.#goOn()
  }

  /** The next commit that comes fails, and the process with it. */
  failNextCommit(fault: CommitFault): void {
    this.disk.fault = fault
  }

  /** Before anybody reads its feed. */
  settle(): void {
    this.disk.spare()
    this.process?.driver.settle()
  }

  receive(from: string, messages: readonly PeerMessage[], reply?: (messages: readonly PeerMessage[]) => void): void {
    if (!this.process || !this.member.mayTalk(from)) return
    this.process.driver.receive(from, messages, reply).catch(() => undefined)
  }

  takePage(from: string, page: PulledPage): void {
    this.member.take((membership, now) => membership.noteAnswer(from, now))
    this.process?.driver.takePage(from, page)
  }

  missPage(from: string): void {
    const failure = { kind: 'unreachable', message: 'did not answer' } as const
    this.member.take((membership, now) => membership.noteFailure(from, failure, now))
    this.process?.driver.missPage(from)
  }

  /** Drops jobs that ended longer ago than the retention. */
  prune(): void {
    const { retentionMs } = this.#world.plan
    const prune = () => {
      if (this.disk.prune(this.wall - retentionMs) === prunedAtOnce) this.prune()
    }
    this.process?.driver.run(prune).catch(() => undefined)
  }

  /** Has something happen in a process: now, after its pause, or never when it ends before. */
  whenAwake(process: Process | undefined, run: () => void): void {
    if (this.process !== process) return
    if (this.isPaused) this.#held.push(() => void (this.process === process && run()))
    else run()
  }

  #createMesh(): Mesh {
    const { plan, rules } = this.#world
    return createMesh(
      {
        store: this.disk.mesh,
        rules,
        hooks: {
          learned: () => undefined,
          heir: () => this.#world.heirs?.heir(),
          inherited: (step, record) => this.#world.heirs?.inherited(step, this, record),
          warn: (fields, message) =>
            this.#world.trace(() => `${this.name} warns: ${message} ${JSON.stringify(fields)}`),
          count: (event) => this.#world.count(event),
        },
        options: {
          self: this.instance,
          minReplications: () => this.minReplications,
          retentionMs: plan.retentionMs,
          changeTimeoutMs: plan.changeTimeoutMs,
          resendMs: plan.resendMs,
          askTimeoutMs: plan.askTimeoutMs,
          orphanAfterMs: plan.orphanAfterMs,
          repairAfterMs: plan.repairAfterMs,
          antiEntropyMs: plan.antiEntropyMs,
        },
        random: () => this.#dice.next(),
      },
      { now: this.monotonic },
    )
  }

  /** What the mesh throws is a mistake of it; the turns would only drop the input. */
  #watched(mesh: Mesh): Mesh {
    return new Proxy(mesh, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]): unknown => {
          try {
            return Reflect.apply(method, target, args)
          } catch (error) {
            this.#world.failed(this, error)
            throw error
          }
        }
      },
    })
  }

  /** A turn comes a moment after its first input, or when the machine goes on after a pause. */
  #schedule(run: () => void): void {
    const { agenda, plan } = this.#world
    const { process } = this
    const take = () => {
      if (this.process !== process) return
      if (this.isPaused) this.#held.push(take)
      else run()
    }
    agenda.in(plan.turnMs * this.#dice.next(), take)
  }

  #goOn(): void {
    if (this.isPaused || this.#held.length === 0) return
    this.resumedAt = this.monotonic
    for (const take of this.#held.splice(0)) take()
  }
}
