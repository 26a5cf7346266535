import { highestCounter, limits, type MemberUpdate } from '@skyclaw/protocol'
import { createEntry, type Entry, goesBefore, isLive, toPeer } from './entry.ts'
import type { MemberCore } from './member-core.ts'
import { Suspicion } from './suspicion.ts'

/** How many times longer a suspect has to refute what a coordinator says that may be slow itself. */
const maxDistrust = 2

/** What is believed of the members, and how news changes it. */
export class Beliefs {
  readonly #core: MemberCore
  /** Somebody is named who must answer a challenge first. */
  readonly #onUnknown: (update: MemberUpdate, from: string, now: number) => void

  constructor(core: MemberCore, onUnknown: (update: MemberUpdate, from: string, now: number) => void) {
    this.#core = core
    this.#onUnknown = onUnknown
  }

  /** Takes what the member `from` says of a member. */
  take(update: MemberUpdate, from: string, now: number): void {
    const core = this.#core
    if (update.instance === core.instance) return this.#takeAboutSelf(update)
    const entry = core.entries.get(update.instance)
    if (!entry) return this.#meet(update, from, now)
    const isConfirmation = update.state === 'suspect' && update.incarnation === entry.incarnation
    if (isConfirmation && entry.state === 'suspect') return this.suspect(entry, update.by ?? from, now)
    if (!goesBefore(update, entry)) return
    if (isLive({ state: update.state, isUnconfirmed: false })) {
      // Another URL, or one that never answered, is called only after a challenge there.
      const isThere = entry.verified && entry.state !== 'replaced' && (update.url === entry.url || update.url === '')
      if (!isThere) return this.#onUnknown(update, from, now)
      this.adopt(entry, update, now)
      if (update.state === 'suspect') this.suspect(entry, update.by ?? from, now)
      return
    }
    // Who answered just now is given the time to say that it lives.
    if (update.state === 'dead' && isLive(entry) && core.heardLately(entry, now)) {
      entry.incarnation = update.incarnation
      return this.suspect(entry, update.by ?? from, now)
    }
    entry.incarnation = Math.max(entry.incarnation, update.incarnation)
    this.end(entry, update.state, update.by ?? from, now)
  }

  /** Takes only what a stranger says of this coordinator, so that it can be refuted. */
  takeAccusation(update: MemberUpdate): void {
    const isAccusation = update.state === 'suspect' || update.state === 'dead'
    if (isAccusation && update.instance === this.#core.instance) this.#takeAboutSelf(update)
  }

  /** Takes over what a live member is said, or says itself, to be. */
  adopt(entry: Entry, update: MemberUpdate, now: number): void {
    const core = this.#core
    const wasLive = isLive(entry)
    const { nodeId, version, wire, incarnation, ready } = update
    const isNews = incarnation > entry.incarnation || !wasLive || entry.state === 'suspect'
    const changed = nodeId !== entry.nodeId || version !== entry.version || ready !== entry.ready
    Object.assign(entry, { nodeId, version, wire, incarnation, ready })
    if (isNews) {
      entry.by = undefined
      core.become(entry, 'alive', now)
    } else if (changed) core.refresh(entry, now)
    if (!wasLive) core.events.push({ kind: 'alive', peer: toPeer(entry), first: false })
    if (!wasLive || changed) this.noteNames(entry)
  }

  /** `accuser` got no answer from it. */
  suspect(entry: Entry, accuser: string, now: number): void {
    const core = this.#core
    if (!isLive(entry)) return
    if (entry.suspicion) {
      if (entry.suspicion.confirm(accuser)) {
        entry.by = accuser
        core.broadcasts.add(entry.instance)
      }
      return
    }
    // Who does not trust himself gives more time, but lets nobody who is dead stay a suspect for minutes.
    const intervalMs = Math.min(core.awareness.scale(core.intervalMs), maxDistrust * core.intervalMs)
    entry.suspicion = new Suspicion(accuser, now, { intervalMs, members: core.size })
    core.suspects.set(entry, entry.suspicion)
    entry.by = accuser
    core.become(entry, 'suspect', now)
    core.events.push({ kind: 'suspect', peer: toPeer(entry) })
  }

  /** Looks who did not refute in time. */
  tick(now: number): void {
    for (const [entry, suspicion] of this.#core.suspects) {
      if (!suspicion.isOver(now)) continue
      // Who answers is not dead: that it has not refuted means that it was not told, or that its word was lost.
      if (this.#core.heardLately(entry, now)) suspicion.restart(now)
      else this.end(entry, 'dead', this.#core.instance, now)
    }
  }

  /** It is there no more. */
  end(entry: Entry, state: Entry['state'], by: string, now: number): void {
    const core = this.#core
    const wasLive = isLive(entry)
    entry.by = by
    core.become(entry, state, now)
    if (state === 'forgotten') core.events.push({ kind: 'forgotten', peer: toPeer(entry) })
    else if (wasLive && state === 'dead') core.events.push({ kind: 'dead', peer: toPeer(entry) })
  }

  /** Another instance answers where it was. */
  replace(entry: Entry, by: string, now: number): void {
    if (entry.state === 'replaced' || entry.state === 'forgotten') return
    const peer = toPeer(entry)
    this.end(entry, 'replaced', this.#core.instance, now)
    this.#core.events.push({ kind: 'replaced', peer, by })
  }

  /** Tells of a live member that has the name of another one. */
  noteNames(entry: Entry): void {
    const { options, entries, events } = this.#core
    const other = [...entries.values()].find((it) => it !== entry && isLive(it) && it.nodeId === entry.nodeId)
    if (!other && options.self().nodeId !== entry.nodeId) return
    events.push({ kind: 'name_conflict', peers: [other && toPeer(other), toPeer(entry)] })
  }

  #takeAboutSelf({ state, incarnation, by }: MemberUpdate): void {
    const core = this.#core
    if (state === 'forgotten') return void core.events.push({ kind: 'self_forgotten' })
    // Higher than this no message can go.
    if (incarnation >= highestCounter) return
    const isPast = incarnation < core.incarnation || (incarnation === core.incarnation && state === 'alive')
    if (isPast) return
    core.incarnation = incarnation + 1
    core.broadcasts.add(core.instance)
    if (state === 'alive') return
    core.awareness.worse()
    core.events.push({ kind: 'refuted', by })
  }

  /** Nobody is called because somebody named them; who is dead is only remembered, since they may know of records. */
  #meet(update: MemberUpdate, from: string, now: number): void {
    const { entries } = this.#core
    if (isLive({ state: update.state, isUnconfirmed: false })) return this.#onUnknown(update, from, now)
    // Who was replaced knows nothing any more; those who knew it give it up one after another.
    if (update.state === 'replaced' || entries.size >= limits.members) return
    const entry = createEntry(update, now, { by: update.by })
    entries.set(entry.instance, entry)
    this.#core.refresh(entry, now)
    if (update.state === 'forgotten') this.#core.broadcasts.add(entry.instance)
    this.#core.events.push({ kind: 'heard_of', peer: toPeer(entry) })
  }
}
