import type { PeerMessage } from '@skyclaw/protocol'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Process } from '../network/sightings.ts'
import type { PulledPage, PullRequest } from '../mesh/mesh.ts'
import type { Outbox } from './effects.ts'
import { readFeedPage } from './feed-reader.ts'
import { wrongMessage } from './message-check.ts'
import { PeerClient } from './peer-client.ts'
import { PeerError } from './peer-error.ts'
import { PeerLink, type Replies } from './peer-link.ts'
import type { ThrottledLog } from './throttled-log.ts'
import type { Traffic } from './traffic.ts'

export interface PeerLinksOptions {
  readonly token: string | undefined
  readonly traffic: Traffic
  readonly warnings: ThrottledLog
  /** This coordinator's process as it is now. */
  readonly self: () => Process
  /** Where an instance is asked, when it is a member. */
  readonly urlOf: (instance: string) => string | undefined
  /** The version of the messages that an instance is spoken to in. */
  readonly versionOf: (instance: string) => number
  /** Notes the process that answered; false when it is a copy that is behind. */
  readonly see: (process: Process) => boolean
  readonly messagesTimeoutMs: number
  readonly feedTimeoutMs: number
}

/** What is on its way when a coordinator closes, such as news of its last changes, has so long to get out. */
const drainMs = 500

/** Where what comes from the other coordinators goes. */
export interface Inbox {
  messages(from: string, messages: readonly PeerMessage[]): void
  page(from: string, page: PulledPage): void
  missedPage(from: string): void
  /** A member answered. */
  answered(from: string): void
  /** A member gave no answer, or none that can be used. */
  failed(from: string, url: string, error: PeerError): void
}

/** The connections to all other coordinators. */
export class PeerLinks implements Outbox {
  readonly #options: PeerLinksOptions
  readonly #clients = new Map<string, PeerClient>()
  readonly #links = new Map<string, { readonly url: string; readonly link: PeerLink }>()
  #inbox: Inbox | undefined
  #closed = false

  constructor(options: PeerLinksOptions) {
    this.#options = options
  }

  /** Nothing is sent before. */
  open(inbox: Inbox): void {
    this.#inbox = inbox
  }

  /** The connections to a URL that is configured or a member's. Throws a TypeError for what is no URL. */
  client(url: string): PeerClient {
    const { token, traffic } = this.#options
    const client = this.#clients.get(url) ?? new PeerClient(url, token, traffic)
    this.#clients.set(url, client)
    return client
  }

  /** Ends the connections to all others than these. */
  retain(urls: ReadonlySet<string>): void {
    for (const [url, client] of this.#clients) {
      if (urls.has(url)) continue
      this.#clients.delete(url)
      void client.close()
    }
    for (const [instance, { url, link }] of this.#links) {
      if (this.#options.urlOf(instance) === url) continue
      this.#links.delete(instance)
      void link.close()
    }
  }

  send(to: string, messages: readonly PeerMessage[]): void {
    const url = this.#options.urlOf(to)
    if (url === undefined || this.#closed) this.#options.traffic.droppedMessages += messages.length
    else this.#link(to, url).send(messages)
  }

  /** What may go to a member with an answer to it, at most so many messages. */
  takeLingering(to: string, max: number): PeerMessage[] {
    return this.#links.get(to)?.link.takeLingering(max) ?? []
  }

  /** What lingers on its way to a member leaves now, or else the next that would. */
  hurry(to: string): void {
    this.#links.get(to)?.link.hurry()
  }

  pull(from: string, request: PullRequest): void {
    const url = this.#options.urlOf(from)
    if (url === undefined || this.#closed) {
      this.#inbox?.missedPage(from)
      return
    }
    this.#options.traffic.count('feed', 0)
    const onWrong = (key: string, reason: string) => this.#leaveOut(url, key, reason)
    readFeedPage(this.client(url), from, request, { timeoutMs: this.#options.feedTimeoutMs, onWrong }).then(
      (page) => {
        this.#inbox?.answered(from)
        this.#inbox?.page(from, page)
      },
      (error: PeerError) => {
        this.#note(from, url, error)
        this.#inbox?.missedPage(from)
      },
    )
  }

  /** Sends what waits, as far as that goes quickly, and ends all connections. */
  async close(): Promise<void> {
    const links = [...this.#links.values()].map(({ link }) => link)
    const drained = Promise.all(links.map((link) => link.drained()))
    await Promise.race([drained, sleep(drainMs, undefined, { ref: false })])
    this.#closed = true
    this.#inbox = undefined
    const closed = links.map((link) => link.close())
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
    await Promise.all(closed)
  }

  #link(to: string, url: string): PeerLink {
    const known = this.#links.get(to)
    if (known?.url === url) return known.link
    void known?.link.close()
    const { self, versionOf, traffic, messagesTimeoutMs } = this.#options
    const link = new PeerLink({
      ...{ to, self, version: () => versionOf(to), traffic, timeoutMs: messagesTimeoutMs },
      post: (call) => this.client(url).call('replicateMessages', call),
      onReplies: (replies) => this.#take(to, url, replies),
      onFailure: (error) => this.#note(to, url, error),
    })
    this.#links.set(to, { url, link })
    return link
  }

  /** An answer is checked like a batch that comes in: what is wrong with it is a reason to take none of it. */
  #take(to: string, url: string, { from, boot, turn, messages }: Replies): void {
    const wrong = from === to ? firstWrong(messages, from) : `${from} answered, and ${to} was asked`
    const behind = wrong === undefined && !this.#options.see({ instance: from, boot, turn })
    if (wrong === undefined && !behind) {
      this.#inbox?.answered(from)
      if (messages.length > 0) this.#inbox?.messages(from, messages)
      return
    }
    const reason = wrong ?? 'it is the copy of a database, and behind the original'
    this.#options.warnings.warn(`answer ${url}`, { peer: url, from }, `an answer of ${url} is ignored: ${reason}`)
    this.#inbox?.failed(to, url, new PeerError('malformed', `answered what is ignored: ${reason}`))
  }

  #leaveOut(url: string, key: string, reason: string): void {
    const message = `the record ${key} in the feed of ${url} is left out: ${reason}`
    this.#options.warnings.warn(`record ${url}`, { peer: url, key }, message)
  }

  #note(from: string, url: string, error: PeerError): void {
    if (error.kind !== 'unreachable') {
      this.#options.warnings.warn(`refused ${url}`, { peer: url, from }, `${url} ${error.message}`)
    }
    this.#inbox?.failed(from, url, error)
  }
}

function firstWrong(messages: readonly PeerMessage[], from: string): string | undefined {
  for (const message of messages) {
    const wrong = wrongMessage(message, from)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
