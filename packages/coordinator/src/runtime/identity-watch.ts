import type { MemberNews } from '@skyclaw/protocol'
import type { GossipAnswer, MemberEvent, Peer } from '../network/membership.ts'
import type { Verdict } from '../network/witness.ts'
import { chooseWitnesses, findCopy } from './find-copy.ts'

export interface IdentityWatchOptions {
  readonly peerUrls: readonly string[]
  readonly token: string | undefined
  /** What this coordinator says of itself now. */
  readonly news: () => MemberNews
  /** Of the latest durable turn. */
  readonly turn: () => number
  readonly peers: () => readonly Peer[]
  /** Writes down that this instance was forgotten, so that it does not start under its id again. */
  readonly noteForgotten: () => Promise<void>
  /** This process must not go on under its instance id. */
  readonly onStale: (verdict: Verdict) => void
}

/** While a coordinator runs: looks for signs that it must not go on under its instance id, and makes sure of them. */
export class IdentityWatch {
  readonly #options: IdentityWatchOptions
  #checking = false
  #isForgotten = false

  constructor(options: IdentityWatchOptions) {
    this.#options = options
  }

  /** Somebody who saw another process of this instance ahead of this one needs no further witness. */
  hear(url: string, { self, seen }: GossipAnswer): void {
    const { news, turn, onStale } = this.#options
    const own = turn()
    if (seen.turn <= own || self.boot === news().boot) return
    onStale({ kind: 'copy', reason: `${url} saw turn ${seen.turn} of this instance, and its own latest is ${own}` })
  }

  note(event: MemberEvent): void {
    if (event.kind === 'self_forgotten') void this.#forgotten()
    if (event.kind === 'copy' && event.instance === this.#options.news().instance) void this.#check([event.url])
    if (event.kind === 'join_failed' && event.failure.code === 'stale_instance') void this.#check([])
  }

  async #forgotten(): Promise<void> {
    if (this.#isForgotten) return
    this.#isForgotten = true
    await this.#options.noteForgotten()
    this.#options.onStale({ kind: 'forgotten', reason: 'the other coordinators were told to forget it' })
  }

  /** This instance was seen in another place: it has moved, was restarted, or there are two of it. */
  async #check(claimed: readonly string[]): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const { peerUrls, token, news, turn, peers, onStale } = this.#options
    const members = peers().flatMap(({ verified, usable, url }) => (verified && usable ? [url] : []))
    const urls = chooseWitnesses(peerUrls, members)
    try {
      const verdict = await findCopy({ self: news(), turn, urls, claimed, configured: peerUrls, token })
      if (verdict) onStale(verdict)
    } finally {
      this.#checking = false
    }
  }
}
