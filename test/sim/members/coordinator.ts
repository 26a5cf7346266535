import { wireRange } from '@skyclaw/protocol'
import type { Dice } from '../../chaos/dice.ts'
import { createMembership } from '../../../packages/coordinator/src/network/create-membership.ts'
import type { KnownMember, MemberEvent, Membership } from '../../../packages/coordinator/src/network/membership.ts'
import { Sightings } from '../../../packages/coordinator/src/network/sightings.ts'
import { Clock } from '../world/clock.ts'
import { callsOf } from './calls.ts'
import type { Field } from './field.ts'
import { Silence } from './silence.ts'

/** Clocks run at a rate of 1 give or take so much. */
const rateError = 0.001
const keepReplacedMs = 600_000
/** It listens so long after its start at the latest; before, it has no URL to tell. */
const listenMs = 200

/** One life of the process. */
export interface Process {
  readonly membership: Membership
  readonly boot: string
  /** Has something happen in it: now, after its pause, or never when it ends before. */
  run(kind: 'timer' | 'input', what: () => void): void
}

/** What a restart finds. */
interface Disk {
  instance: string
  incarnation: number
  turn: number
  known: Map<string, KnownMember>
  /** URLs that have answered a challenge. */
  verified: Set<string>
}

/** A machine and the coordinator on it, as far as its membership goes. */
export class Coordinator {
  readonly name: string
  readonly url: string
  readonly silence = new Silence()
  peerUrls: readonly string[]
  process: Process | undefined
  /** Switched off: who connects is not even refused. */
  isOff = false
  isPaused = false
  /** What it does is late by up to twice so long. */
  lagMs = 0
  readonly #field: Field
  readonly #dice: Dice
  readonly #clock: Clock
  #disk: Disk
  #held: { kind: 'timer' | 'input'; what: () => void }[] = []
  #pauses = 0

  constructor(field: Field, name: string, peerUrls: readonly string[]) {
    this.name = name
    this.url = `http://${name}.example:7100`
    this.peerUrls = peerUrls
    this.#field = field
    this.#dice = field.dice.fork(name)
    this.#clock = new Clock({ rateError, wallErrorMs: 0 }, this.#dice.fork('clock'))
    this.#disk = this.#newDisk()
    this.silence.note(false, field.agenda.now)
  }

  get instance(): string {
    return this.#disk.instance
  }

  /** It is up and takes part. */
  get isRunning(): boolean {
    return this.process !== undefined && !this.isPaused
  }

  get now(): number {
    return this.#clock.monotonic(this.#field.agenda.now)
  }

  start(): void {
    if (this.process) return
    const { agenda } = this.#field
    this.isOff = false
    this.#clock.boot(agenda.now)
    const boot = `boot-${this.#dice.name()}`
    const process: { membership?: Membership; boot: string; run: Process['run'] } = {
      boot,
      run: (kind, what) => this.#run(process as Process, kind, what),
    }
    this.process = process as Process
    process.membership = this.#createMembership(process as Process)
    this.#disk.turn += 1
    this.#field.changed(this)
    const tick = () => {
      if (this.process !== process) return
      process.run('timer', () => this.#tick(process as Process))
      agenda.in(this.#field.tickMs, tick)
    }
    agenda.in(this.#field.tickMs * this.#dice.next(), tick)
  }

  /** The process ends, as by SIGKILL: the machine refuses connections. */
  kill(): void {
    if (!this.process) return
    this.process = undefined
    this.isPaused = false
    this.#held = []
    this.#field.changed(this)
  }

  /** The machine is gone without a word. */
  switchOff(): void {
    this.kill()
    this.isOff = true
  }

  /** The process stands still, as by SIGSTOP; connections wait. */
  pause(ms: number): void {
    if (!this.process) return
    this.isPaused = true
    this.#pauses += 1
    const pause = this.#pauses
    this.#field.changed(this)
    this.#field.agenda.in(ms, () => void (pause === this.#pauses && this.resume()))
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#field.changed(this)
    const held = this.#held.splice(0)
    // The event loop may see first what its timers say, or what has come meanwhile.
    const first = this.#dice.chance(0.5) ? 'timer' : 'input'
    const { process } = this
    for (const { what } of held.toSorted((a, b) => Number(b.kind === first) - Number(a.kind === first))) {
      if (this.process === process) what()
    }
  }

  /** A new database: the coordinator starts as a new instance. */
  loseDisk(): void {
    this.kill()
    this.#disk = this.#newDisk()
  }

  noteVerified(url: string): void {
    this.#disk.verified.add(url)
  }

  /** Nobody may be called at a URL before it has answered a challenge of this coordinator. */
  checkVerified(url: string): void {
    if (!this.#disk.verified.has(url)) this.#field.observer.unverifiedCalls.push(`${this.name} calls ${url}`)
  }

  #newDisk(): Disk {
    const instance = `${this.name}-${this.#dice.name()}`
    this.#field.owners.set(instance, this)
    return { instance, incarnation: 0, turn: 0, known: new Map(), verified: new Set() }
  }

  #createMembership(process: Process): Membership {
    const disk = this.#disk
    const listensAt = this.#field.agenda.now + this.#dice.next() * listenMs
    return createMembership({
      self: () => ({
        nodeId: this.name,
        instance: disk.instance,
        url: this.#field.agenda.now < listensAt ? '' : this.url,
        version: '0.1.0',
        wire: wireRange,
        ready: true,
        boot: process.boot,
        turn: disk.turn,
        feedSeq: disk.turn,
      }),
      peerUrls: this.peerUrls,
      discovery: true,
      calls: callsOf(this.#field, this, process),
      sightings: new Sightings(),
      hosts: { newsFor: () => [], told: () => undefined, hear: () => undefined },
      random: () => this.#dice.next(),
      intervalMs: this.#field.intervalMs,
      keepReplacedMs,
      known: [...disk.known.values()],
      incarnation: disk.incarnation,
      now: this.now,
    })
  }

  #tick(process: Process): void {
    const { membership } = process
    membership.tick(this.now)
    this.#disk.incarnation = Math.max(this.#disk.incarnation, membership.incarnation)
    for (const event of membership.takeEvents()) {
      this.#save(event)
      this.#field.observer.note(this, event)
      if (event.kind === 'self_forgotten') this.#beginAnew()
    }
  }

  /** The runtime does the same: an instance that was forgotten goes on as a new one. */
  #beginAnew(): void {
    this.loseDisk()
    this.#field.agenda.in(500, () => this.start())
  }

  #save(event: MemberEvent): void {
    if (!('peer' in event) || !event.peer.verified) return
    const { instance, nodeId, url, version, incarnation } = event.peer
    const ended = { forgotten: event.kind === 'forgotten', replaced: event.kind === 'replaced' }
    this.#disk.known.set(instance, { instance, nodeId, url, version, incarnation, ...ended })
  }

  #run(process: Process, kind: 'timer' | 'input', what: () => void): void {
    if (this.process !== process) return
    if (this.isPaused) this.#held.push({ kind, what })
    else if (this.lagMs === 0 || kind === 'timer') what()
    else this.#field.agenda.in(this.lagMs * (1 + this.#dice.next()), () => void (this.process === process && what()))
  }
}
