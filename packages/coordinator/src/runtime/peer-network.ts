import {
  type BodyOf,
  commonWireVersion,
  limits,
  type MemberNews,
  type PeerMessage,
  ProblemError,
  type ResponseOf,
  type Routes,
  wireRange,
  wireVersion,
} from '@skyclaw/protocol'
import type { Store } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import type { HostSessions } from '../core/host-sessions.ts'
import type { NetworkView } from '../ledger/network-view.ts'
import type { Log } from '../log.ts'
import type { MeshMember } from '../mesh/mesh.ts'
import { createMembership } from '../network/create-membership.ts'
import { HostAges } from '../network/host-ages.ts'
import type {
  GossipAnswer,
  GossipRequest,
  JoinAnswer,
  JoinRequest,
  Membership,
  OwnNews,
  Peer,
} from '../network/membership.ts'
import { Sightings } from '../network/sightings.ts'
import type { Verdict } from '../network/witness.ts'
import type { ResolvedOptions } from '../options.ts'
import { version } from '../version.ts'
import { answerChallenge, type Challenge, type ChallengeAnswer } from './challenge.ts'
import { type Batch, checkBatch, notAMember } from './check-batch.ts'
import type { MeshDriver } from './driver.ts'
import { IdentityWatch } from './identity-watch.ts'
import { MemberChanges } from './member-changes.ts'
import { HttpMemberCalls, toFailure } from './member-calls.ts'
import { keepReplacedMs, MemberRows, recallMembers } from './member-rows.ts'
import type { PeerError } from './peer-error.ts'
import type { Replies } from './peer-link.ts'
import { PeerLinks } from './peer-links.ts'
import { Standing } from './standing.ts'
import { ThrottledLog } from './throttled-log.ts'
import { Traffic } from './traffic.ts'

export interface PeerNetworkOptions {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly clock: Clock
  readonly sessions: HostSessions
  readonly log: Log
  /** Names this process. */
  readonly boot: string
  /** Under which others reach this coordinator; empty while it does not listen. */
  readonly url: () => string
  /** This process must not go on under its instance id: it must end. */
  readonly onStale: (verdict: Verdict) => void
  /** Of the latest durable turn. */
  readonly turn: () => number
  readonly feedSeq: () => number
  readonly isReady: () => boolean
}

/** Longer than any round waits: a batch that is given up while it is still being worked on would be sent and worked on again. */
const messagesTimeoutMs = 5_000
const feedTimeoutMs = 9_000
/** A coordinator that does not know its own URL by then will not find it out by itself. */
const urlKnownWithinMs = 10_000

/** The other coordinators, as the parts of this one deal with them. Without any it is there all the same, and takes those who come. */
export class PeerNetwork implements NetworkView {
  readonly traffic = new Traffic()
  readonly membership: Membership
  readonly links: PeerLinks
  /** What goes wrong between coordinators, which may happen again and again. */
  readonly warnings: ThrottledLog
  readonly #options: PeerNetworkOptions
  readonly #sightings: Sightings
  readonly #calls: HttpMemberCalls
  readonly #rows: MemberRows
  readonly #standing: Standing
  readonly #identity: IdentityWatch
  #driver: MeshDriver | undefined
  #urlExpectedBy: number
  readonly #changes: MemberChanges
  #members: readonly MeshMember[] = []
  #revision = -1

  constructor(parts: PeerNetworkOptions) {
    const { options, store, clock, sessions, log, boot } = parts
    const { token, peerUrls, peerDiscovery, gossipIntervalMs } = options
    this.#options = parts
    const monotonic = () => clock.monotonic()
    this.#urlExpectedBy = clock.monotonic() + urlKnownWithinMs
    const { known, turns } = recallMembers(store, clock.now(), options)
    this.#sightings = new Sightings(turns)
    this.#rows = new MemberRows(store, (instance) => this.#sightings.turnOf(instance))
    this.#standing = new Standing({ options, store, log })
    this.warnings = new ThrottledLog(log, monotonic)
    const { traffic, warnings } = this
    this.links = new PeerLinks({
      ...{ token, traffic, warnings, messagesTimeoutMs, feedTimeoutMs },
      self: () => ({ instance: store.instanceId, boot, turn: parts.turn() }),
      urlOf: (instance) => (this.membership.isMember(instance) ? this.membership.peer(instance)?.url : undefined),
      versionOf: (instance) => versionFor(this.membership.peer(instance)),
      see: (process) => this.#sightings.see(process),
    })
    this.#identity = new IdentityWatch({
      ...{ peerUrls, token, turn: parts.turn, onStale: parts.onStale },
      news: () => this.news(),
      peers: () => this.membership.peers(),
      noteForgotten: () => this.#standing.noteForgotten(),
    })
    this.#calls = new HttpMemberCalls({
      ...{ token, instance: store.instanceId, traffic, warnings, monotonic },
      client: (url) => this.links.client(url),
      versionFor: (url) =>
        versionFor(this.membership.peers().find((peer) => peer.url === url && this.isMember(peer.instance))),
      onGossip: (url, answer) => this.#identity.hear(url, answer),
      onChange: () => this.#changes.tell(),
    })
    this.membership = createMembership({
      ...{ peerUrls, discovery: peerDiscovery, calls: this.#calls, sightings: this.#sightings, known },
      keepReplacedMs: keepReplacedMs(options),
      self: () => this.#own(),
      hosts: new HostAges(sessions, limits.gossipHosts),
      random: Math.random,
      intervalMs: gossipIntervalMs,
      incarnation: this.#standing.incarnation,
      now: clock.monotonic(),
    })
    this.#changes = new MemberChanges({
      ...{ membership: this.membership, links: this.links, standing: this.#standing, identity: this.#identity },
      ...{ rows: this.#rows, members: this.members, peerUrls, sessions, clock, log, warnings },
    })
  }

  /** What this coordinator says of itself now. */
  news(): MemberNews {
    return { ...this.#own(), state: 'alive', incarnation: this.membership.incarnation }
  }

  /** Begins to talk to the others. */
  open(driver: MeshDriver): void {
    this.#driver = driver
    this.#standing.open(driver)
    this.#changes.open(driver)
    this.links.open({
      messages: (from, messages) => {
        // What the turns are too busy for is lost, as if it had not arrived.
        driver.receive(from, messages).catch(() => undefined)
      },
      page: (from, page) => driver.takePage(from, page),
      missedPage: (from) => driver.missPage(from),
      answered: (from) => this.membership.noteAnswer(from, this.#now()),
      failed: (from, url, error) => this.#failed(from, url, error),
    })
    this.#changes.tell()
  }

  /** M now in force. */
  readonly minReplications = (): number => this.#standing.minReplications

  /** Whether this coordinator was given no other one, and none that can keep records has ever joined it. */
  readonly standalone = (): boolean => this.#standing.standalone

  /** The others, as the mesh is told of them. */
  readonly members = (): readonly MeshMember[] => {
    const { revision } = this.membership
    // Each enqueue asks.
    if (revision !== this.#revision) this.#members = this.membership.members()
    this.#revision = revision
    return this.#members
  }

  readonly isMember = (instance: string): boolean => this.membership.isMember(instance)

  /** Answers another coordinator's exchange of news. */
  gossip(request: GossipRequest): GossipAnswer {
    const answer = this.membership.answerGossip(request, this.#now())
    this.#changes.tell()
    return answer
  }

  /** Rejects with a ProblemError when the caller does not become a member. */
  join(request: JoinRequest): Promise<JoinAnswer> {
    return new Promise((resolve, reject) => {
      const url = request.url.replace(/\/+$/, '')
      this.membership.answerJoin({ ...request, url }, this.#now(), (answer) => {
        if (answer instanceof Error) reject(answer)
        else resolve(answer)
      })
    })
  }

  /** Throws `unauthorized` or `url_unverified`. */
  challenge(challenge: Challenge): ChallengeAnswer {
    return answerChallenge(this.#options.options.token, challenge, this.#own())
  }

  /** Rejects with `not_a_member`. */
  async probe({ from, target }: BodyOf<Routes['probeMember']>): Promise<ResponseOf<Routes['probeMember']>> {
    if (!this.membership.isMember(from)) throw notAMember(from)
    const reached = await new Promise<boolean>((resolve) => {
      this.membership.answerProbe(from, target, this.#now(), resolve)
    })
    return { reached }
  }

  /** Says for good, to all, that a member that is not alive never returns. Resolves when it is on disk here; the same again does no harm. */
  async forget(instance: string): Promise<void> {
    const driver = this.#assertOpen()
    this.membership.forget(instance, this.#now())
    this.#changes.tell()
    const peer = this.membership.peer(instance)
    if (peer) await driver.run(() => this.#rows.save(peer, this.#options.clock.now()))
  }

  /** Takes a batch of another coordinator, as one input of a turn. Throws a ProblemError, and takes nothing, when anything about it is wrong. */
  async receive(batch: Batch): Promise<Replies> {
    const { boot, turn, store } = this.#options
    const { from, messages } = batch
    checkBatch(batch, { instance: store.instanceId, isMember: this.isMember, sightings: this.#sightings })
    let replies: readonly PeerMessage[] = []
    await this.#assertOpen().receive(from, messages, (answer) => void (replies = answer))
    const along = this.links.takeLingering(from, limits.peerMessages - replies.length)
    return { from: store.instanceId, boot, turn: turn(), messages: [...replies, ...along] }
  }

  /**
   * Notes within a turn, with what the messages wrote, which turn of their sender was seen. Questions write nothing, and two idle
   * coordinators must not go on counting up each other's turns.
   */
  noteReceived(from: string, messages: readonly PeerMessage[]): void {
    const peer = this.membership.peer(from)
    const wrote = messages.some(({ type }) => type !== 'ask' && type !== 'told')
    if (peer && wrote) this.#rows.save(peer, this.#options.clock.now())
  }

  /** How far the feed of a member was read, of what it said it has. */
  lagOf({ instance, news }: Peer): number | undefined {
    return news && Math.max(0, news.feedSeq - this.#rows.feedCursor(instance))
  }

  /** To be called often: exchanges news with the others, and looks who has fallen silent. */
  tick(): void {
    if (this.#now() >= this.#urlExpectedBy) this.#warnWithoutUrl()
    this.membership.tick(this.#now())
    this.#changes.tell()
  }

  /** Ends what somebody may wait for who joins. */
  stopWaiting(): void {
    this.#calls.stopChallenging()
  }

  /** Sends what is still to be sent, for a moment, and ends all connections. */
  async close(): Promise<void> {
    this.#calls.close()
    await this.links.close()
  }

  #own(): OwnNews {
    const { options, store, boot, url, turn, feedSeq, isReady } = this.#options
    const who = { nodeId: options.nodeId, instance: store.instanceId, url: url(), version, wire: wireRange, boot }
    return { ...who, turn: turn(), ready: isReady(), feedSeq: feedSeq() }
  }

  #now(): number {
    return this.#options.clock.monotonic()
  }

  /** Nobody asks it anything, and it asks nobody: an operator should know why nothing happens. */
  #warnWithoutUrl(): void {
    this.#urlExpectedBy = Number.POSITIVE_INFINITY
    const { options, url, log } = this.#options
    if (options.peerUrls.length === 0 || url() !== '') return
    const message = 'it has peer URLs and does not join: it does not know its own URL, so publicUrl must be set'
    log.warn({ peers: options.peerUrls }, message)
  }

  #assertOpen(): MeshDriver {
    if (this.#driver) return this.#driver
    throw new ProblemError('shutting_down', 'the coordinator is starting', { outcome: 'not_applied' })
  }

  #failed(from: string, url: string, error: PeerError): void {
    const { code, detail } = error.problem ?? {}
    if (code === 'stale_instance') this.#options.onStale({ kind: 'copy', reason: `${url} refuses it: ${detail}` })
    this.membership.noteFailure(from, toFailure(error), this.#now())
    this.#changes.tell()
  }
}

/** What both speak; who speaks nothing that this one does is told so by its own refusal. */
function versionFor(peer: Peer | undefined): number {
  return (peer && commonWireVersion(wireRange, peer.wire)) ?? wireVersion
}
