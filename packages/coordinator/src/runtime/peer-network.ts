import { type BodyOf, limits, type MemberNews, type PeerMessage, ProblemError, type Routes } from '@skyclaw/protocol'
import { listMembers, prepareMembers, type Store } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import type { HostSessions } from '../core/host-sessions.ts'
import type { NetworkView } from '../ledger/network-view.ts'
import type { Log } from '../log.ts'
import type { MeshMember } from '../mesh/mesh.ts'
import { HostAges } from '../network/host-ages.ts'
import { type MemberEvent, Membership, type Peer } from '../network/membership.ts'
import { Sightings } from '../network/sightings.ts'
import type { ResolvedOptions } from '../options.ts'
import { version } from '../version.ts'
import type { MeshDriver } from './driver.ts'
import { findCopy } from './find-copy.ts'
import { Gossip, type GossipAnswer, type GossipRequest } from './gossip.ts'
import { describeEvent } from './member-log.ts'
import { wrongMessage } from './message-check.ts'
import type { PeerError } from './peer-error.ts'
import type { Replies } from './peer-link.ts'
import { PeerLinks } from './peer-links.ts'
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
  /** Another process is ahead under this instance id: this one must end. */
  readonly onStale: (reason: string) => void
  /** Of the latest durable turn. */
  readonly turn: () => number
  readonly feedSeq: () => number
  readonly isReady: () => boolean
}

/** An instance that was replaced counts as one that may know things for a while longer than its replicas take to be replaced. */
const replacedForRepairs = 2

/** Longer than any round waits: a batch that is given up while it is still being worked on would be sent and worked on again. */
const messagesTimeoutMs = 5_000
const feedTimeoutMs = 9_000
const minGossipTimeoutMs = 1_000

/** The other coordinators, as the parts of this one deal with them. Without peers it is there all the same, and has nothing to do. */
export class PeerNetwork implements NetworkView {
  readonly traffic = new Traffic()
  readonly membership: Membership
  readonly links: PeerLinks
  /** What goes wrong between coordinators, which may happen again and again. */
  readonly warnings: ThrottledLog
  readonly #options: PeerNetworkOptions
  readonly #sightings: Sightings
  readonly #gossip: Gossip
  readonly #rows: ReturnType<typeof prepareMembers>
  #driver: MeshDriver | undefined
  #revision = -1

  constructor(parts: PeerNetworkOptions) {
    const { options, store, clock, sessions, log, boot, onStale } = parts
    const { peerUrls, deadAfterMs, repairAfterMs, gossipIntervalMs } = options
    this.#options = parts
    this.#rows = prepareMembers(store.db)
    const rows = listMembers(store.db).toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
    this.#sightings = new Sightings(rows.map(({ instance, turnSeen }) => [instance, turnSeen]))
    this.membership = new Membership({
      ...{ instance: store.instanceId, boot, peerUrls, deadAfterMs },
      keepReplacedMs: replacedForRepairs * repairAfterMs,
      now: clock.monotonic(),
      known: rows.map((row) => ({ ...row, forgotten: row.forgotten === 1 })),
    })
    const warnings = new ThrottledLog(log, () => clock.monotonic())
    this.warnings = warnings
    this.links = new PeerLinks({
      ...{ token: options.token, traffic: this.traffic, warnings, messagesTimeoutMs, feedTimeoutMs },
      self: () => ({ instance: store.instanceId, boot, turn: parts.turn() }),
      urlOf: (instance) => (this.membership.isMember(instance) ? this.membership.peer(instance)?.url : undefined),
      see: (process) => this.#sightings.see(process),
    })
    this.#gossip = new Gossip({
      ...{
        peerUrls,
        membership: this.membership,
        sightings: this.#sightings,
        traffic: this.traffic,
        warnings,
        onStale,
      },
      hostAges: new HostAges(sessions, limits.gossipHosts),
      client: (url) => this.links.client(url),
      self: () => this.news(),
      monotonic: () => clock.monotonic(),
      intervalMs: gossipIntervalMs,
      timeoutMs: Math.max(minGossipTimeoutMs, gossipIntervalMs),
      onChange: () => this.#tellChanges(),
      findCopy: () => findCopy({ self: this.news(), turn: parts.turn, peerUrls, token: options.token }),
    })
  }

  /** What this coordinator says of itself now. */
  news(): MemberNews {
    const { options, store, boot, turn, feedSeq, isReady } = this.#options
    const who = { nodeId: options.nodeId, instance: store.instanceId, url: options.publicUrl() ?? '', version, boot }
    return { ...who, state: 'alive', turn: turn(), ready: isReady(), feedSeq: feedSeq() }
  }

  /** Begins to talk to the others. */
  open(driver: MeshDriver): void {
    this.#driver = driver
    this.links.open({
      messages: (from, messages) => {
        // What the turns are too busy for is lost, as if it had not arrived.
        driver.receive(from, messages).catch(() => undefined)
      },
      page: (from, page) => driver.takePage(from, page),
      missedPage: (from) => driver.missPage(from),
      refused: (url, error) => this.#refused(url, error.problem?.code, error.message),
      unanswered: (url, error) => this.#unanswered(url, error),
    })
    this.#tellChanges()
    this.#gossip.start()
  }

  /** M now in force. */
  readonly minReplications = (): number => this.#options.options.minReplications

  /** Whether this coordinator was never given another one. */
  readonly standalone = (): boolean => this.#options.options.peerUrls.length === 0

  readonly members = (): readonly MeshMember[] => this.membership.members()

  readonly isMember = (instance: string): boolean => this.membership.isMember(instance)

  /** Answers another coordinator's signs of life. Throws `standalone`. */
  gossip(request: GossipRequest): GossipAnswer {
    this.assertHasPeers('it has no members to gossip with')
    const answer = this.#gossip.answer(request)
    this.#tellChanges()
    return answer
  }

  /** Takes a batch of another coordinator, as one input of a turn. Throws a ProblemError, and takes nothing, when anything about it is wrong. */
  async receive(batch: BodyOf<Routes['replicateMessages']>): Promise<Replies> {
    const { from, to, boot, turn, messages } = batch
    this.assertHasPeers('it has no peers to agree with')
    const { store } = this.#options
    if (to !== store.instanceId) refuse('to', `is for instance ${to}, and this is ${store.instanceId}`)
    if (!this.membership.isMember(from)) {
      this.#gossip.prompt()
      refuse('from', `${from} has not answered at any of the peer URLs of this coordinator`)
    }
    for (const [index, message] of messages.entries()) {
      const wrong = wrongMessage(message, from)
      if (wrong !== undefined) refuse(`messages.${index}`, wrong)
    }
    if (!this.#sightings.see({ instance: from, boot, turn })) {
      const seen = this.#sightings.turnOf(from)
      throw new ProblemError(
        'stale_instance',
        `turn ${seen} of instance ${from} was seen, and this is its turn ${turn}`,
      )
    }
    let replies: readonly PeerMessage[] = []
    await this.#assertOpen().receive(from, messages, (answer) => void (replies = answer))
    return { from: store.instanceId, boot: this.#options.boot, turn: this.#options.turn(), messages: [...replies] }
  }

  /**
   * Notes within a turn, with what the messages wrote, which turn of their sender was seen. Questions write nothing, and two idle
   * coordinators must not go on counting up each other's turns.
   */
  noteReceived(from: string, messages: readonly PeerMessage[]): void {
    const peer = this.membership.peer(from)
    if (peer && messages.some(({ type }) => type !== 'ask' && type !== 'told')) this.#rows.see(this.#rowOf(peer))
  }

  /** How far the feed of a member was read, of what it said it has. */
  lagOf({ instance, news }: Peer): number | undefined {
    return news && Math.max(0, news.feedSeq - this.#rows.feedCursor(instance))
  }

  /** To be called often: looks who has fallen silent. */
  tick(): void {
    this.membership.tick(this.#options.clock.monotonic())
    this.#tellChanges()
  }

  /** Sends what is still to be sent, for a moment, and ends all connections. */
  async close(): Promise<void> {
    const stopped = this.#gossip.stop()
    await this.links.close()
    await stopped
  }

  #assertOpen(): MeshDriver {
    if (this.#driver) return this.#driver
    throw new ProblemError('shutting_down', 'the coordinator is starting', { outcome: 'not_applied' })
  }

  /** Throws `standalone` for a coordinator without peers. */
  assertHasPeers(why: string): void {
    if (this.standalone()) throw new ProblemError('standalone', `this coordinator runs standalone: ${why}`)
  }

  #refused(url: string, code: string | undefined, message: string): void {
    if (code === 'stale_instance') this.#options.onStale(`${url} ${message}`)
    // Another instance may be there by now.
    else this.#gossip.askAgain(url)
  }

  /** Who has not answered in time may be slow. One that broke off may have ended, which the next connection tells. */
  #unanswered(url: string, { portClosed }: PeerError): void {
    if (!this.membership.at(url)?.alive) return
    if (!portClosed) return this.#gossip.askAgain(url)
    this.membership.refused(url, this.#options.clock.monotonic())
    this.#tellChanges()
  }

  /** Passes on what has changed about the members: to the mesh, to the database and to the log. */
  #tellChanges(): void {
    const driver = this.#driver
    if (!driver) return
    const { sessions, clock, log } = this.#options
    const events = this.membership.takeEvents()
    for (const event of events) {
      if (event.kind === 'alive') sessions.reconnected(clock.monotonic())
      const { level, fields, message } = describeEvent(event)
      log[level](fields, message)
    }
    const changed = peersOf(events)
    // Rows that cannot be written now are written with the next change.
    if (changed.length > 0) driver.run(() => this.#save(changed)).catch(() => undefined)
    if (this.membership.revision === this.#revision) return
    this.#revision = this.membership.revision
    driver.setMembers(this.membership.members())
  }

  #save(instances: readonly string[]): void {
    for (const instance of instances) {
      const peer = this.membership.peer(instance)
      if (peer) this.#rows.see(this.#rowOf(peer))
    }
  }

  #rowOf({ instance, nodeId, url }: Peer) {
    return { instance, nodeId, url, turn: this.#sightings.turnOf(instance), now: this.#options.clock.now() }
  }
}

function peersOf(events: readonly MemberEvent[]): string[] {
  return events.flatMap((event) => ('peer' in event ? [event.peer.instance] : []))
}

function refuse(field: string, what: string): never {
  throw new ProblemError('invalid_request', `${field}: ${what}`, { field })
}
