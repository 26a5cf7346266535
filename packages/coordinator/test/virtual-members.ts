import { type MemberNews, wireRange } from '@skyclaw/protocol'
import { createMembership } from '../src/network/create-membership.ts'
import type {
  CallFailure,
  CallResult,
  Challenged,
  KnownMember,
  MemberCalls,
  MemberEvent,
  Membership,
} from '../src/network/membership.ts'
import { Sightings } from '../src/network/sightings.ts'

export interface VirtualOptions {
  readonly peerUrls?: readonly string[]
  readonly instance?: string
  readonly nodeId?: string
  readonly discovery?: boolean
  readonly known?: readonly KnownMember[]
  readonly incarnation?: number
}

const delayMs = 5
const tickMs = 50
const unreachable: CallFailure = { kind: 'unreachable', message: 'did not answer' }
const closed: CallFailure = { kind: 'unreachable', portClosed: true, message: 'did not answer: ECONNREFUSED' }

export interface VirtualMember {
  readonly name: string
  readonly url: string
  readonly membership: Membership
  readonly events: MemberEvent[]
  state: 'up' | 'down' | 'paused'
  boots: number
  /** What others called here, by kind. */
  readonly calls: string[]
  readonly own: { ready: boolean; turn: number }
  /** Answers a challenge. */
  readonly challenged: () => Challenged | Error
}

/** Some memberships on a network without randomness in its delays: `cut` decides who hears whom. */
export class VirtualMembers {
  now = 0
  readonly members = new Map<string, VirtualMember>()
  /** Whether what `from` says reaches `to`. */
  reaches: (from: string, to: string) => boolean = () => true
  #queue: { at: number; run: () => void }[] = []
  #seed = 1

  start(name: string, options: VirtualOptions = {}): VirtualMember {
    const boots = (this.members.get(name)?.boots ?? 0) + 1
    const url = urlOf(name)
    const own = { ready: true, turn: boots }
    const self = (): Omit<MemberNews, 'state' | 'incarnation' | 'by'> => ({
      ...{ instance: options.instance ?? `i-${name}`, nodeId: options.nodeId ?? name, url, version: '1.0.0' },
      ...{ wire: wireRange, boot: `${name}-${boots}`, feedSeq: 0, ...own },
    })
    const membership = createMembership({
      ...{ self, peerUrls: (options.peerUrls ?? []).map(urlOf), discovery: options.discovery ?? true },
      calls: this.#callsOf(name),
      sightings: new Sightings(),
      hosts: { newsFor: () => [], told: () => undefined, hear: () => undefined },
      random: () => this.#random(),
      ...{ keepReplacedMs: 60_000, known: options.known ?? [], incarnation: options.incarnation ?? 0, now: this.now },
    })
    const challenged = () => {
      const { instance, nodeId, boot } = self()
      return { instance, nodeId, boot }
    }
    const member: VirtualMember = { name, url, membership, events: [], state: 'up', boots, calls: [], own, challenged }
    this.members.set(name, member)
    return member
  }

  /** Lets time pass, to `ms` from now. */
  run(ms: number): void {
    const end = this.now + ms
    while (this.now < end) {
      const next = this.now + tickMs
      this.#queue.sort((a, b) => a.at - b.at)
      while (this.#queue.length > 0 && this.#queue[0]!.at <= next) {
        const { at, run } = this.#queue.shift()!
        this.now = Math.max(this.now, at)
        run()
        this.#queue.sort((a, b) => a.at - b.at)
      }
      this.now = next
      for (const member of this.members.values()) {
        if (member.state !== 'up') continue
        member.membership.tick(this.now)
        member.events.push(...member.membership.takeEvents())
      }
    }
  }

  /** What one member thinks of another, by their names. */
  stateOf(of: string, at: string): string | undefined {
    return this.members.get(at)!.membership.peer(`i-${of}`)?.state
  }

  /** Whether each of these counts all others of them as usable. */
  agree(names: readonly string[]): boolean {
    return names.every((at) =>
      names.every((of) => of === at || this.members.get(at)!.membership.peer(`i-${of}`)?.usable),
    )
  }

  #callsOf(from: string): MemberCalls {
    const call = <T>(
      kind: string,
      url: string,
      timeoutMs: number,
      ask: (to: VirtualMember, answer: (value: T | Error) => void) => void,
      done: (result: CallResult<T>, now: number) => void,
    ) => {
      let isOver = false
      const end = (result: CallResult<T>) => {
        if (isOver) return
        isOver = true
        // A paused process takes no answers until it goes on.
        const give = () => {
          const member = this.members.get(from)!
          if (member.state === 'paused') return this.#in(delayMs, give)
          if (member.state === 'up') done(result, this.now)
        }
        give()
      }
      this.#in(timeoutMs, () => end({ ok: false, failure: unreachable }))
      this.#in(delayMs, () => {
        const to = [...this.members.values()].find((it) => it.url === url)
        if (!to || !this.reaches(from, to.name)) return
        if (to.state === 'down') return end({ ok: false, failure: closed })
        if (to.state === 'paused') return
        to.calls.push(`${kind} from ${from}`)
        ask(to, (value) => {
          if (!this.reaches(to.name, from)) return
          const failure = { kind: 'refused', message: String(value) } as const
          this.#in(delayMs, () => end(value instanceof Error ? { ok: false, failure } : { ok: true, answer: value }))
        })
      })
    }
    return {
      gossip: (url, request, timeoutMs, done) =>
        call('gossip', url, timeoutMs, (to, answer) => answer(to.membership.answerGossip(request, this.now)), done),
      probe: (url, target, timeoutMs, done) =>
        call<boolean>(
          'probe',
          url,
          timeoutMs,
          (to, answer) => to.membership.answerProbe(`i-${from}`, target, this.now, answer),
          done,
        ),
      challenge: (url, timeoutMs, done) =>
        call('challenge', url, timeoutMs, (to, answer) => answer(to.challenged()), done),
      join: (url, request, timeoutMs, done) =>
        call('join', url, timeoutMs, (to, answer) => to.membership.answerJoin(request, this.now, answer), done),
    }
  }

  #in(ms: number, run: () => void): void {
    this.#queue.push({ at: this.now + ms, run })
  }

  /** A linear congruential generator: the same numbers in each run. */
  #random(): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return this.#seed / 2_147_483_648
  }
}

function urlOf(name: string): string {
  return `http://${name}`
}
