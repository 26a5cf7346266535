/**
 * How the coordinators of a network know each other, after SWIM (Das, Gupta, Motivala 2002) and Lifeguard (Dadgar, Phillips, Currey 2018).
 *
 * - **Exchanges** (prober.ts, exchange.ts). Each round two members, whose turn it is, are asked to exchange news, and one that is dead or
 *   does not answer. An exchange is the probe, carries news both ways, and says when hosts were heard.
 * - **Failures** (prober.ts). Two others are asked whether a member that gave no answer answers them. When it does not, it is suspect
 *   (suspicion.ts): it has a time to refute that, which is shorter the more coordinators agree; then it is dead. An observer that seems to be slow
 *   itself gives more time (awareness.ts).
 * - **News** (beliefs.ts, broadcasts.ts, entry.ts). What is believed of a member has the incarnation that the member gave itself; the higher one
 *   stands, and of one incarnation the worse. Who hears that it is taken for suspect or dead counts its incarnation up. News are
 *   passed on a number of times that grows with the logarithm of the members, and a few members are told of in rotation, so that what was lost heals.
 * - **Joining** (bootstraps.ts, verifier.ts). A configured URL is asked for the members. Whoever is named, by himself or by others, must answer a
 *   challenge at his URL before anything else is sent there; so does a member that moves.
 * - **Usable** (member-core.ts). Whether a member is alive is what the network thinks; whether this coordinator works with it is its own experience
 *   too: it answers, it takes this one's messages, its port is not closed. A member that only this coordinator cannot reach is never dead for it,
 *   and its records are not moved for that.
 *
 * What a round costs does not depend on how many members there are.
 */
import { commonWireVersion, limits, type Member, type MemberUpdate } from '@skyclaw/protocol'
import type { MeshMember } from '../mesh/mesh.ts'
import { Beliefs } from './beliefs.ts'
import { Bootstraps } from './bootstraps.ts'
import { createEntry, isLive, toClaim, toPeer } from './entry.ts'
import { Exchanges, isMember } from './exchange.ts'
import { MemberCore } from './member-core.ts'
import type * as port from './membership.ts'
import { Prober } from './prober.ts'
import { Verifier } from './verifier.ts'

export function createMembership(options: port.MembershipOptions): port.Membership {
  return new SwimMembership(options)
}

class SwimMembership implements port.Membership {
  readonly #core: MemberCore
  readonly #beliefs: Beliefs
  readonly #exchanges: Exchanges
  readonly #prober: Prober
  readonly #verifier: Verifier
  readonly #bootstraps: Bootstraps
  #nextSweepAt: number
  #wasReady: boolean

  constructor(options: port.MembershipOptions) {
    this.#core = new MemberCore(options)
    const name = (update: MemberUpdate, from: string, now: number) => this.#name(update, from, now)
    this.#beliefs = new Beliefs(this.#core, name)
    this.#exchanges = new Exchanges(this.#core, this.#beliefs, name)
    this.#prober = new Prober(this.#core, this.#beliefs, this.#exchanges)
    this.#verifier = new Verifier(
      this.#core,
      (update) => this.#objection(update),
      (...admitted) => this.#admit(...admitted),
    )
    this.#bootstraps = new Bootstraps(this.#core, (update, from, now) => this.#beliefs.take(update, from, now))
    this.#nextSweepAt = options.now
    this.#wasReady = options.self().ready
  }

  tick(now: number): void {
    const core = this.#core
    core.awake(now)
    const own = core.options.self()
    if (own.ready !== this.#wasReady) {
      this.#wasReady = own.ready
      core.incarnation += 1
      core.broadcasts.add(core.instance)
    }
    // Nobody is asked anything by one that nobody can ask.
    if (own.url === '') return
    this.#beliefs.tick(now)
    this.#prober.tick(now)
    if (now < this.#nextSweepAt) return
    this.#nextSweepAt = now + core.intervalMs / 4
    this.#bootstraps.tick(now)
    this.#verifier.tick(now)
    this.#dropReplaced(now)
  }

  answerGossip(request: port.GossipRequest, now: number): port.GossipAnswer {
    return this.#exchanges.answer(request, now)
  }

  answerProbe(from: string, target: string, now: number, done: (reached: boolean) => void): void {
    if (this.isMember(from)) this.#prober.probe(target, now, done)
    else done(false)
  }

  answerJoin(request: port.JoinRequest, now: number, done: (answer: port.JoinAnswer | Error) => void): void {
    const core = this.#core
    const { nodeId, instance, url, version } = request
    const wire = request.wire ?? core.options.self().wire
    const entry = core.entries.get(instance)
    const welcome = () => done({ self: asMember(core.ownUpdate()), peers: this.#told(instance) })
    if (instance === core.instance || (entry && isMember(entry) && entry.url === url)) {
      if (entry) this.#exchanges.soon.add(instance)
      return welcome()
    }
    const update: MemberUpdate = { nodeId, instance, url, version, wire, incarnation: 0, ready: false, state: 'alive' }
    this.#verifier.verify(update, now, (error) => (error ? done(error) : welcome()))
  }

  noteFailure(instance: string, failure: port.CallFailure, now: number): void {
    const entry = this.#core.entries.get(instance)
    if (entry) this.#prober.noteFailure(entry, failure, now)
  }

  noteAnswer(instance: string, now: number): void {
    const entry = this.#core.entries.get(instance)
    if (!entry) return
    entry.answeredAt = now
    if (!entry.failure) return
    entry.failure = undefined
    if (!entry.usable) this.#core.refresh(entry, now)
  }

  forget(instance: string, now: number): void {
    const entry = this.#core.entries.get(instance)
    if (entry && entry.state !== 'forgotten') this.#beliefs.end(entry, 'forgotten', this.#core.instance, now)
  }

  members(): MeshMember[] {
    const known = [...this.#core.entries.values()].map((entry) => {
      const { instance, usable, usableSince, ready, state, since, isUnconfirmed } = entry
      const isDown = isUnconfirmed || !isLive(entry)
      return {
        ...{ instance, alive: usable, ready, since: usable ? usableSince : isDown ? since : Number.POSITIVE_INFINITY },
        ...(state === 'forgotten' && { forgotten: true }),
      }
    })
    // Others have it as a member, and so does this one, though it was not reached yet: it may know of records.
    const named = this.#verifier
      .candidates()
      .filter((it) => it.namedBy !== it.instance && !this.#core.entries.has(it.instance))
    const unheard = known.length > 0 ? [] : this.#bootstraps.unheard()
    const absent = { alive: false, ready: false }
    return [
      ...known,
      ...named.map(({ instance }) => ({ instance, ...absent, since: Number.POSITIVE_INFINITY })),
      ...unheard.map((url) => ({ instance: url, ...absent, since: this.#core.options.now })),
    ]
  }

  isMember(instance: string): boolean {
    const entry = this.#core.entries.get(instance)
    return entry !== undefined && isMember(entry)
  }

  peer(instance: string): port.Peer | undefined {
    const entry = this.#core.entries.get(instance)
    return entry && toPeer(entry)
  }

  peers(): port.Peer[] {
    return [...this.#core.entries.values()].map(toPeer)
  }

  candidates(): port.Candidate[] {
    return this.#verifier.candidates()
  }

  bootstraps(): port.Bootstrap[] {
    return this.#bootstraps.bootstraps()
  }

  nameConflicts(): string[] {
    const live = [...this.#core.entries.values()].filter(isLive).map(({ nodeId }) => nodeId)
    const names = [this.#core.options.self().nodeId, ...live]
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  }

  get incarnation(): number {
    return this.#core.incarnation
  }

  get revision(): number {
    return this.#core.revision
  }

  takeEvents(): port.MemberEvent[] {
    const { events } = this.#core
    this.#core.events = []
    return events
  }

  #name(update: MemberUpdate, from: string, now: number): void {
    this.#verifier.name(update, from, now)
  }

  #objection({ instance, url, wire }: MemberUpdate): string | undefined {
    const { entries, options } = this.#core
    const own = options.self()
    if (entries.get(instance)?.state === 'forgotten') {
      return `instance ${instance} was forgotten by an operator: it comes back as a new instance only`
    }
    if (url === own.url) return `${url} is the URL of the coordinator that was asked`
    if (commonWireVersion(wire, own.wire) === undefined) {
      return `versions ${wire.min} to ${wire.max} of the messages are spoken there, and ${own.wire.min} to ${own.wire.max} here`
    }
    const isListed = options.discovery || options.peerUrls.includes(url) || this.#bootstraps.leadTo(instance)
    if (!isListed) return `${url} is none of the configured peer URLs, and discovery is off`
    if (!entries.has(instance) && entries.size >= limits.members && !this.#core.dispensable())
      return `the network has ${limits.members} members already`
    return undefined
  }

  /** It has answered at its URL, with its instance and the token. */
  #admit(update: MemberUpdate, { nodeId }: port.Challenged, now: number): void {
    const core = this.#core
    const { instance, url } = update
    const before = core.entries.get(instance)
    if (before?.state === 'forgotten') return
    const wasLive = before !== undefined && isLive(before) && before.verified
    const moved = before && before.url !== url ? before.url : undefined
    const entry = before ?? createEntry(update, now)
    if (!before && core.entries.size >= limits.members) core.drop(core.dispensable())
    core.entries.set(instance, entry)
    const { version, wire, ready } = update
    const incarnation = Math.max(entry.incarnation, update.incarnation)
    // Its own word, as soon as it is asked, goes before this.
    Object.assign(entry, {
      nodeId,
      url,
      version,
      wire,
      ready,
      incarnation,
      verified: true,
      failure: undefined,
      by: undefined,
    })
    // It answered just now, whatever others may say of it.
    entry.answeredAt = now
    if (!before) core.liveOthers += 1
    if (!wasLive || entry.state !== 'alive') core.become(entry, 'alive', now)
    entry.isMet = false
    if (moved !== undefined && moved !== '') core.events.push({ kind: 'moved', peer: toPeer(entry), from: moved })
    if (!wasLive) core.events.push({ kind: 'alive', peer: toPeer(entry), first: !before })
    for (const other of core.entries.values()) {
      if (other !== entry && other.url === url) this.#beliefs.replace(other, instance, now)
    }
    this.#beliefs.noteNames(entry)
    this.#exchanges.soon.add(instance)
  }

  /** Those who were replaced long ago know nothing any more that others do not. */
  #dropReplaced(now: number): void {
    const { entries, options } = this.#core
    for (const entry of entries.values()) {
      if (entry.state !== 'replaced' || now - entry.since <= options.keepReplacedMs) continue
      this.#core.drop(entry)
    }
  }

  #told(to: string): Member[] {
    const entries = [...this.#core.entries.values()]
    const told = entries.filter((entry) => entry.instance !== to && this.#core.isWorthTelling(entry))
    return told.slice(0, limits.members).map((entry) => asMember(toClaim(entry)))
  }
}

function asMember({ nodeId, instance, url, version, state }: MemberUpdate): Member {
  return { nodeId, instance, url, version, state }
}
