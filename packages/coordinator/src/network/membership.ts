/**
 * Who the other coordinators are and which of them are alive: SWIM with suspicion and Lifeguard, as values, without any input or output
 * of its own. `createMembership` (create-membership.ts) says how it works.
 *
 * Each method is one input. What it asks of others goes out through `calls`; the answer comes back once, as a later input.
 */
import type {
  BodyOf,
  HostAge,
  MemberNews,
  MemberState,
  ProblemCode,
  ResponseOf,
  Routes,
  WireRange,
} from '@skyclaw/protocol'
import type { MeshMember } from '../mesh/mesh.ts'
import type { Sightings } from './sightings.ts'

export type GossipRequest = BodyOf<Routes['gossip']>
export type GossipAnswer = ResponseOf<Routes['gossip']>
export type JoinRequest = BodyOf<Routes['joinNetwork']>
export type JoinAnswer = ResponseOf<Routes['joinNetwork']>

export interface CallFailure {
  /** `refused`: a problem document came. `malformed`: what came is not the protocol. */
  readonly kind: 'unreachable' | 'refused' | 'malformed'
  /** Nothing listens at that address. */
  readonly portClosed?: boolean
  readonly code?: ProblemCode
  /** Part of a sentence: 'did not answer: ECONNRESET'. */
  readonly message: string
}

export type CallResult<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly failure: CallFailure }

/** Who answered a challenge, and proved to know the token. */
export interface Challenged {
  readonly instance: string
  readonly nodeId: string
  readonly boot: string
}

/** How the membership reaches other coordinators. Each `done` is called once, never within the call itself, after `timeoutMs` at the latest. */
export interface MemberCalls {
  gossip(
    url: string,
    request: GossipRequest,
    timeoutMs: number,
    done: (result: CallResult<GossipAnswer>, now: number) => void,
  ): void
  /** Asks the member at `url` whether `target` answers it. */
  probe(url: string, target: string, timeoutMs: number, done: (result: CallResult<boolean>, now: number) => void): void
  /** The only call to a URL that somebody else named. It does not carry the token. */
  challenge(url: string, timeoutMs: number, done: (result: CallResult<Challenged>, now: number) => void): void
  join(
    url: string,
    request: JoinRequest,
    timeoutMs: number,
    done: (result: CallResult<JoinAnswer>, now: number) => void,
  ): void
}

/** What this coordinator says of itself, but for what the membership adds. Its URL is empty while it does not listen yet. */
export type OwnNews = Omit<MemberNews, 'state' | 'incarnation' | 'by'>

export interface MembershipOptions {
  /** What this coordinator says of itself now. Instance, boot and wire versions never change. */
  readonly self: () => OwnNews
  /** Bootstrap peers: any one that answers is enough. */
  readonly peerUrls: readonly string[]
  /** Whether others than `peerUrls` become members. */
  readonly discovery: boolean
  readonly calls: MemberCalls
  readonly sightings: Sightings
  readonly hosts: HostNews
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number
  /** Time between two rounds of probes; default 1,000. */
  readonly intervalMs?: number
  /** Time for an answer to a probe; default: `intervalMs`, at least 1,000. */
  readonly probeTimeoutMs?: number
  /** A member that was dead for so long is told of no more; default one day. */
  readonly tellDeadMs?: number
  /** For so long an instance that was replaced at its URL still counts as a member that may know things. */
  readonly keepReplacedMs: number
  /** Members from before the start. */
  readonly known: readonly KnownMember[]
  /** The incarnation to begin with: at least the last that an earlier process had. */
  readonly incarnation: number
  /** Monotonic milliseconds, like every `now` here. */
  readonly now: number
}

/** When hosts were heard, as what is news to each member. */
export interface HostNews {
  newsFor(instance: string, now: number): HostAge[]
  told(instance: string, at: number): void
  hear(hosts: readonly HostAge[], now: number, addMs?: number): void
}

export interface KnownMember {
  readonly instance: string
  readonly nodeId: string
  readonly url: string
  readonly version: string
  readonly incarnation: number
  readonly forgotten: boolean
  /** Another instance answered at its URL. */
  readonly replaced?: boolean
  /** How long ago it was forgotten or replaced. */
  readonly goneForMs?: number
  /** Whether it had answered a challenge; default true. Else others named it. */
  readonly verified?: boolean
}

/** Another coordinator. */
export interface Peer {
  readonly instance: string
  readonly nodeId: string
  readonly url: string
  readonly version: string
  readonly wire: WireRange
  readonly incarnation: number
  readonly state: MemberState
  /** When its state became what it is. */
  readonly since: number
  readonly ready: boolean
  /** Whether it may be called: its URL answered a challenge. */
  readonly verified: boolean
  /** Whether it is alive and this coordinator can work with it: it answers, counts this one as a member, and speaks a common version. */
  readonly usable: boolean
  /** What it said of itself in its latest answer to this process. */
  readonly news?: MemberNews
  /** Whether it counts this coordinator as a member, by its latest answer. */
  readonly knowsUs: boolean
  readonly roundTripMs?: number
  /** When it last answered this process. */
  readonly answeredAt?: number
  /** Why the latest call failed, when none has succeeded since. */
  readonly failure?: CallFailure
}

/** A coordinator that somebody named, and that has not answered a challenge at its URL. */
export interface Candidate {
  readonly instance: string
  readonly nodeId: string
  readonly url: string
  /** Who named it: an instance, or itself. */
  readonly namedBy: string
  readonly failure?: CallFailure
}

/** A bootstrap peer as far as it was reached. */
export interface Bootstrap {
  readonly url: string
  /** The instance that answered there last. */
  readonly instance?: string
  readonly failure?: CallFailure
}

export type MemberEvent =
  /** Somebody that was not known, or a member that was dead. */
  | { readonly kind: 'alive'; readonly peer: Peer; readonly first: boolean }
  | { readonly kind: 'suspect' | 'dead' | 'forgotten'; readonly peer: Peer }
  /** Others say that it was there, and is dead. */
  | { readonly kind: 'heard_of'; readonly peer: Peer }
  /** It can be worked with again, or no more, though it is alive. */
  | { readonly kind: 'usable' | 'unusable'; readonly peer: Peer }
  /** `peer` is the one that was there before. */
  | { readonly kind: 'replaced'; readonly peer: Peer; readonly by: string }
  | { readonly kind: 'moved'; readonly peer: Peer; readonly from: string }
  | { readonly kind: 'joined'; readonly through: string; readonly members: number }
  /** A bootstrap peer does not answer, or refuses. Once for each reason. */
  | { readonly kind: 'join_failed'; readonly url: string; readonly failure: CallFailure }
  /** Somebody was named who cannot become a member. */
  | { readonly kind: 'rejected'; readonly candidate: Candidate; readonly reason: string }
  | { readonly kind: 'name_conflict'; readonly peers: readonly [Peer | undefined, Peer] }
  /** A bootstrap URL leads back here. */
  | { readonly kind: 'self'; readonly url: string }
  /** Another process with this coordinator's instance id, or two processes of another instance. */
  | { readonly kind: 'copy'; readonly url: string; readonly instance: string; readonly boot: string }
  /** This coordinator was taken for suspect or dead, and said that it is not. */
  | { readonly kind: 'refuted'; readonly by: string | undefined }
  /** This instance was forgotten by an operator: it must not go on under its id. */
  | { readonly kind: 'self_forgotten' }

export interface Membership {
  /** To be called often: when the calls have stopped for long, this process stood still and heard nobody. */
  tick(now: number): void
  answerGossip(request: GossipRequest, now: number): GossipAnswer
  /** Whether `target` answers this coordinator; asked by `from`, a member. */
  answerProbe(from: string, target: string, now: number, done: (reached: boolean) => void): void
  /** `done` gets a ProblemError of `url_unverified`, `not_a_member`, `stale_instance` or `too_busy` when the caller does not become a member. */
  answerJoin(request: JoinRequest, now: number, done: (answer: JoinAnswer | Error) => void): void
  /** A call to a member, made for other reasons, failed. */
  noteFailure(instance: string, failure: CallFailure, now: number): void
  /** A call to a member, made for other reasons, was answered. */
  noteAnswer(instance: string, now: number): void
  /** Says for good, to all, that an instance never returns. It must not be alive. */
  forget(instance: string, now: number): void

  /**
   * The members as the mesh is told of them. Somebody whom a member named, and who has not answered here, is one too; so is whoever may be
   * at a bootstrap URL, as long as nobody was reached.
   */
  members(): MeshMember[]
  /** Whether an instance is a member, whose messages are taken. */
  isMember(instance: string): boolean
  peer(instance: string): Peer | undefined
  peers(): Peer[]
  candidates(): Candidate[]
  bootstraps(): Bootstrap[]
  /** Names that several live instances have, this one included. */
  nameConflicts(): string[]
  /** Now, of this coordinator. */
  readonly incarnation: number
  /** Counts changes of what `members` answers. */
  readonly revision: number
  /** What has happened since the last call, in order. */
  takeEvents(): MemberEvent[]
}
