import { commonWireVersion, type MemberNews, type MemberUpdate } from '@skyclaw/protocol'
import { Awareness } from './awareness.ts'
import { Broadcasts } from './broadcasts.ts'
import { createEntry, type Entry, isLive, toPeer } from './entry.ts'
import type { MemberEvent, MembershipOptions } from './membership.ts'
import type { Suspicion } from './suspicion.ts'

/** A probe is not answered any sooner for being asked for more often. */
const minProbeTimeoutMs = 1_000
/** A gap between two ticks that no busy process explains. */
const standstillMs = 2_000
const dayMs = 86_400_000
/** Rounds of silence after which a failed call is taken for more than one lost message. */
const silentRounds = 3

/** What the parts of the membership share. */
export class MemberCore {
  readonly options: MembershipOptions
  readonly intervalMs: number
  readonly probeTimeoutMs: number
  readonly tellDeadMs: number
  readonly entries = new Map<string, Entry>()
  readonly suspects = new Map<Entry, Suspicion>()
  readonly awareness = new Awareness()
  readonly broadcasts = new Broadcasts()
  readonly instance: string
  incarnation: number
  /** Since when this process has not stood still: what did not answer before may not have been able to. */
  awakeSince: number
  /** Members that are not dead, without this one. */
  liveOthers = 0
  revision = 0
  events: MemberEvent[] = []

  #lastAwakeAt: number

  constructor(options: MembershipOptions) {
    this.#lastAwakeAt = options.now
    this.options = options
    this.intervalMs = options.intervalMs ?? 1_000
    this.probeTimeoutMs = options.probeTimeoutMs ?? Math.max(this.intervalMs, minProbeTimeoutMs)
    this.tellDeadMs = options.tellDeadMs ?? dayMs
    const own = options.self()
    this.instance = own.instance
    this.incarnation = options.incarnation + 1
    this.awakeSince = options.now
    for (const { forgotten, replaced, goneForMs = 0, verified = true, ...member } of options.known) {
      if (member.instance === this.instance || member.nodeId === '') continue
      const state = forgotten ? 'forgotten' : replaced ? 'replaced' : 'alive'
      // What it speaks, it says itself.
      const entry = createEntry({ ...member, wire: own.wire, state }, options.now, {
        ...{ verified, isUnconfirmed: state === 'alive', since: options.now - goneForMs },
      })
      this.entries.set(member.instance, entry)
    }
  }

  /** To be called with each input that judges others. After a standstill nothing is known of the time between: all get the time to be heard again. */
  awake(now: number): void {
    if (now - this.#lastAwakeAt > Math.max(standstillMs, 2 * this.intervalMs)) {
      this.awakeSince = now
      this.awareness.worse()
      for (const suspicion of this.suspects.values()) suspicion.restart(now)
    }
    this.#lastAwakeAt = now
  }

  /** What this coordinator says of itself now. */
  news(): MemberNews {
    return { ...this.options.self(), state: 'alive', incarnation: this.incarnation }
  }

  /** The same, as third parties are told of it. */
  ownUpdate(): MemberUpdate {
    const { nodeId, instance, url, version, wire, ready } = this.options.self()
    return { nodeId, instance, url, version, wire, ready, state: 'alive', incarnation: this.incarnation }
  }

  /** Sets what is believed of a member, and has it told to others. */
  become(entry: Entry, state: Entry['state'], now: number): void {
    const wasLive = isLive(entry)
    if (entry.state !== state || entry.isUnconfirmed) entry.since = now
    entry.state = state
    entry.isUnconfirmed = false
    if (state !== 'suspect') {
      this.suspects.delete(entry)
      entry.suspicion = undefined
    }
    if (!isLive(entry)) {
      entry.isMet = false
      entry.knowsUs = false
    }
    this.liveOthers += Number(isLive(entry)) - Number(wasLive)
    this.broadcasts.add(entry.instance)
    this.refresh(entry, now)
  }

  /** One that was merely named, or that never returns: it makes room for one that has answered a challenge. */
  dispensable(): Entry | undefined {
    const entries = [...this.entries.values()]
    const isGone = ({ state }: Entry) => state === 'replaced' || state === 'forgotten'
    const gone = entries.filter(isGone).toSorted((one, other) => one.since - other.since)
    return entries.find((entry) => !entry.verified && !isGone(entry)) ?? gone[0]
  }

  drop(entry: Entry | undefined): void {
    if (!entry) return
    this.entries.delete(entry.instance)
    this.broadcasts.drop(entry.instance)
    this.revision += 1
  }

  /** Looks again whether a member can be worked with. */
  refresh(entry: Entry, now: number): void {
    const { verified, knowsUs, wire } = entry
    const speaks = commonWireVersion(wire, this.options.self().wire) !== undefined
    const usable = verified && isLive(entry) && knowsUs && speaks && !this.isOutOfReach(entry, now)
    this.revision += 1
    if (usable === entry.usable) return
    entry.usable = usable
    entry.usableSince = now
    const kind = usable ? 'usable' : 'unusable'
    if (usable || isLive(entry)) this.events.push({ kind, peer: toPeer(entry) })
  }

  /** Whether it gives no answers: its port is closed, or it has been silent for more than one lost message. */
  isOutOfReach({ failure, failedAt, answeredAt }: Entry, now: number): boolean {
    if (!failure) return false
    if (failure.portClosed) return true
    // Where there are many members, each is asked so seldom that its latest answer is always long ago.
    if (now - failedAt < this.intervalMs) return false
    return now - (answeredAt ?? Number.NEGATIVE_INFINITY) >= silentRounds * this.intervalMs
  }

  /** Whether a member answered within the last rounds. */
  heardLately({ answeredAt }: Entry, now: number): boolean {
    return answeredAt !== undefined && now - answeredAt < silentRounds * this.intervalMs
  }

  /** Whether somebody who does not know of it is told: it may know of records, however long it has been dead. */
  isWorthTelling({ nodeId, url, state }: Entry): boolean {
    return nodeId !== '' && url !== '' && state !== 'replaced'
  }

  /** Whether news of it is told again and again. */
  isTold({ state, since, isUnconfirmed }: Entry, now: number): boolean {
    if (isUnconfirmed) return false
    return state === 'forgotten' || state === 'alive' || state === 'suspect' || now - since < this.tellDeadMs
  }

  /** Members that are not dead, this one included. */
  get size(): number {
    return this.liveOthers + 1
  }

  /** Where an instance answered of late as another process. */
  elsewhere(instance: string, boot: string, now: number): string | undefined {
    const entry = this.entries.get(instance)
    if (!entry?.news || entry.news.boot === boot || !this.heardLately(entry, now)) return undefined
    return entry.url
  }
}
