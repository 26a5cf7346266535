import { wireRange } from '@skyclaw/protocol'
import { createMembership } from '../../../packages/coordinator/src/network/create-membership.ts'
import type { KnownMember, MemberEvent, Membership } from '../../../packages/coordinator/src/network/membership.ts'
import { Sightings } from '../../../packages/coordinator/src/network/sightings.ts'
import type { MeshMember } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { Machine } from './machine.ts'
import { memberCallsOf } from './member-calls.ts'
import type { World } from './world.ts'

/** An instance that was replaced counts as a member that may know things for so many times of a repair. */
const replacedForRepairs = 2
/** Ticks in one round of probes. */
const ticksPerRound = 3

/** What a machine's coordinator believes of the others: the real membership, over the world's network, and what it keeps on disk. */
export class Member {
  readonly #world: World
  readonly #machine: Machine
  #known = new Map<string, KnownMember>()
  #incarnation = 0
  /** Of the machines that it is configured with. */
  #peerUrls: readonly string[] = []
  #membership: Membership | undefined
  #boots = 0
  #boot = ''
  #revision = -1

  constructor(world: World, machine: Machine) {
    this.#world = world
    this.#machine = machine
  }

  get boot(): string {
    return this.#boot
  }

  members(): readonly MeshMember[] {
    return this.#membership?.members() ?? []
  }

  /** Strangers, forgotten and replaced instances are refused. */
  mayTalk(instance: string): boolean {
    return this.#membership?.isMember(instance) === true
  }

  knows(instance: string): boolean {
    return this.#membership?.peer(instance) !== undefined
  }

  /** A new database knows nobody but where other machines are. */
  clear(others: readonly string[]): void {
    this.#known.clear()
    this.#incarnation = 0
    this.#peerUrls = others.map(urlOf)
  }

  /** It has met another coordinator before the run began. */
  introduce(instance: string, machine: string): void {
    const about = { nodeId: machine, url: urlOf(machine), version: 'simulated', incarnation: 0, forgotten: false }
    this.#known.set(instance, { instance, ...about })
  }

  /** A process begins, and knows of others what is on its disk. */
  start(): void {
    const { agenda } = this.#world
    this.#boots += 1
    this.#boot = `${this.#machine.name}-${this.#boots}`
    this.#revision = -1
    this.#membership = this.#create()
    const { process } = this.#machine
    const { intervalMs } = timesOf(this.#world)
    const tick = () => {
      if (this.#machine.process !== process) return
      if (!this.#machine.isPaused) this.take((membership, now) => membership.tick(now))
      agenda.in((intervalMs / ticksPerRound) * (0.8 + 0.4 * this.#world.dice.next()), tick)
    }
    agenda.in(intervalMs * this.#world.dice.next(), tick)
  }

  stop(): void {
    this.#membership = undefined
  }

  /** Gives the membership an input, and passes on what it changed. */
  take(input: (membership: Membership, now: number) => void): void {
    const membership = this.#membership
    if (!membership) return
    input(membership, this.#machine.monotonic)
    this.#incarnation = membership.incarnation
    for (const event of membership.takeEvents()) this.#note(event)
    if (membership.revision === this.#revision) return
    this.#revision = membership.revision
    this.#machine.process?.driver.setMembers(membership.members())
  }

  /** An operator says that an instance never returns. False when it is not known, or not gone. */
  forget(instance: string): boolean {
    const state = this.#membership?.peer(instance)?.state
    if (state !== 'dead' && state !== 'replaced') return false
    this.take((membership, now) => membership.forget(instance, now))
    return true
  }

  /** Of the live machines, one with which this coordinator cannot work, or that it takes for another. */
  trouble(): string | undefined {
    const { name } = this.#machine
    const others = this.#world.machines.filter((other) => other !== this.#machine)
    const lost = others.find(({ instance }) => !this.#membership?.peer(instance)?.usable)
    if (lost) return `${name} cannot work with ${lost.name}`
    const stale = this.#membership?.peers().find(({ instance, usable }) => usable && !this.#world.isCurrent(instance))
    return stale && `${name} counts ${stale.instance} as alive`
  }

  #create(): Membership {
    const { plan, dice } = this.#world
    const machine = this.#machine
    const process = machine.process!
    return createMembership({
      self: () => ({
        ...{ nodeId: machine.name, instance: machine.instance, url: urlOf(machine.name), version: 'simulated' },
        ...{ wire: wireRange, boot: this.#boot, ready: process.mesh.status().ready },
        ...{ turn: process.driver.turn, feedSeq: 0 },
      }),
      ...{ peerUrls: this.#peerUrls, discovery: true, calls: memberCallsOf(this.#world, machine) },
      sightings: new Sightings(),
      hosts: { newsFor: () => [], told: () => undefined, hear: () => undefined },
      random: () => dice.next(),
      ...timesOf(this.#world),
      keepReplacedMs: replacedForRepairs * plan.repairAfterMs,
      known: [...this.#known.values()],
      incarnation: this.#incarnation,
      now: machine.monotonic,
    })
  }

  #note(event: MemberEvent): void {
    const { coverage, owners } = this.#world
    this.#world.trace(() => `${this.#machine.name} ${describe(event)}`)
    if (!('peer' in event)) return
    const { instance, nodeId, url, version, incarnation, verified } = event.peer
    if (event.kind === 'suspect' || event.kind === 'dead' || event.kind === 'replaced' || event.kind === 'forgotten') {
      const isUp = owners(instance)?.isUp === true && this.#world.isCurrent(instance)
      coverage.count(isUp ? `live_member_${event.kind}` : `member_${event.kind}`)
    }
    if (!verified && event.kind !== 'forgotten') return
    const end = { forgotten: event.kind === 'forgotten', replaced: event.kind === 'replaced' }
    this.#known.set(instance, { instance, nodeId, url, version, incarnation, ...end })
  }
}

/** Where a machine is reached. */
export function urlOf(machine: string): string {
  return `http://${machine}.simulated`
}

function timesOf({ plan: { membership } }: World): { intervalMs: number; probeTimeoutMs: number } {
  const intervalMs = Math.max(membership.detectMs / 6, membership.everyMs / 3)
  return { intervalMs, probeTimeoutMs: 1.5 * intervalMs }
}

function describe(event: MemberEvent): string {
  if ('peer' in event) return `sees ${event.peer.instance} ${event.kind}, incarnation ${event.peer.incarnation}`
  return `notes ${JSON.stringify(event)}`
}
