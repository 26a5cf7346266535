import { limits, type PeerMessage, type ResponseOf, type Routes } from '@skyclaw/protocol'
import type { Process } from '../network/sightings.ts'
import type { PeerCall } from './peer-client.ts'
import { PeerError } from './peer-error.ts'
import type { Traffic } from './traffic.ts'

export type Replies = ResponseOf<Routes['replicateMessages']>

export interface PeerLinkOptions {
  /** The instance for which the messages are meant. */
  readonly to: string
  /** Sends a body to it; rejects with a PeerError. */
  readonly post: (call: PeerCall) => Promise<Replies>
  /** This coordinator's process, as it is when a batch leaves. */
  readonly self: () => Process
  /** The version of the messages that it is spoken to in. */
  readonly version: () => number
  readonly traffic: Traffic
  readonly timeoutMs: number
  /** What came back with a batch. */
  readonly onReplies: (replies: Replies) => void
  /** A batch failed; its messages are lost. */
  readonly onFailure: (error: PeerError) => void
}

/** Room for what stands around the messages of a body. */
const envelopeBytes = 65_536
const batchBytes = limits.largeBodyBytes - envelopeBytes

/** What waits while a batch is under way: some batches more, so that a burst of changes need not be sent again. */
const maxWaitingMessages = 10 * limits.peerMessages
const maxWaitingBytes = 2 * limits.largeBodyBytes

/**
 * What was chosen, nobody waits for: it leaves with the next message of another kind, or in the next answer, but after so long at the latest.
 * So a lone change costs the others one turn instead of two.
 */
const lingerMs = 10
/** Of what lingers, an answer takes so much along; there is room for it beside what the answer itself may have. */
const lingeringBytes = 1_048_576

/** An answer carries no more than a batch, whose bytes its sender estimates. */
const maxAnswerBytes = 2 * limits.largeBodyBytes

interface Waiting {
  readonly message: PeerMessage
  readonly text: string
  readonly bytes: number
}

/** The same message goes to several others at about the same time. */
const serialised = new WeakMap<PeerMessage, Waiting>()

function serialise(message: PeerMessage): Waiting {
  const known = serialised.get(message)
  if (known) return known
  const text = JSON.stringify(message)
  const waiting = { message, text, bytes: Buffer.byteLength(text) }
  serialised.set(message, waiting)
  return waiting
}

/**
 * The way to one other coordinator: one batch of messages is under way at a time, what comes meanwhile is the next. A batch that fails is
 * lost, as is what there is no room for; those who sent it try again if it still matters.
 */
export class PeerLink {
  readonly #options: PeerLinkOptions
  /** Oldest first. */
  #waiting: Waiting[] = []
  /** The texts of what waits or is under way: what is sent again while it is still here need not go twice. */
  readonly #here = new Set<string>()
  #waitingBytes = 0
  #underway: Promise<void> | undefined
  /** Whether something waits that may not linger. */
  #urgent = false
  /** Whether the next that may linger does not. */
  #hurried = false
  /** Runs while something lingers. */
  #lingering: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: PeerLinkOptions) {
    this.#options = options
  }

  send(messages: readonly PeerMessage[]): void {
    if (this.#closed) return
    for (const message of messages) this.#add(message)
    this.#next()
  }

  /** Takes what waits and may linger, at most so many messages, to go along with an answer. What is lost with that answer is lost. */
  takeLingering(max: number): PeerMessage[] {
    if (this.#urgent || this.#closed) return []
    return this.#take(max, lingeringBytes).map(({ message, text }) => {
      this.#here.delete(text)
      return message
    })
  }

  /** What lingers leaves now, or else the next that would. */
  hurry(): void {
    if (this.#lingering === undefined) {
      this.#hurried = true
      return
    }
    clearTimeout(this.#lingering)
    this.#endLingering()
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    for (this.#pump(); this.#underway; this.#pump()) await this.#underway
  }

  /** Sends nothing more; what is under way is the client's to end. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#lingering)
    this.#waiting = []
    await this.#underway
  }

  #add(message: PeerMessage): void {
    const { traffic } = this.#options
    const waiting = serialise(message)
    const { text, bytes } = waiting
    if (bytes > batchBytes) {
      traffic.droppedMessages += 1
      return
    }
    if (this.#here.has(text)) return
    this.#here.add(text)
    traffic.count(message.type, bytes)
    this.#waiting.push(waiting)
    this.#waitingBytes += bytes + 1
    this.#urgent ||= this.#hurried || message.type !== 'learn'
    if (message.type === 'learn') this.#hurried = false
    const over = () => this.#waiting.length > maxWaitingMessages || this.#waitingBytes > maxWaitingBytes
    while (over()) this.#drop(this.#waiting.shift()!)
  }

  #drop({ text, bytes }: Waiting): void {
    this.#here.delete(text)
    this.#waitingBytes -= bytes + 1
    this.#options.traffic.droppedMessages += 1
  }

  #next(): void {
    if (this.#urgent) this.#pump()
    else if (this.#waiting.length > 0) this.#lingering ??= setTimeout(this.#endLingering, lingerMs).unref()
  }

  readonly #endLingering = (): void => {
    this.#lingering = undefined
    this.#urgent = true
    this.#pump()
  }

  #pump(): void {
    if (this.#underway || this.#waiting.length === 0 || this.#closed) return
    const batch = this.#take(limits.peerMessages, batchBytes)
    this.#underway = this.#post(batch).finally(() => {
      for (const { text } of batch) this.#here.delete(text)
      this.#underway = undefined
      this.#next()
    })
  }

  /** As much of what waits as there is room for. */
  #take(maxMessages: number, maxBytes: number): Waiting[] {
    let bytes = 0
    let count = 0
    for (const next of this.#waiting) {
      bytes += next.bytes + 1
      if (count === maxMessages || bytes > maxBytes) break
      count += 1
    }
    const batch = this.#waiting.splice(0, count)
    for (const taken of batch) this.#waitingBytes -= taken.bytes + 1
    // What had no room lingers no longer than it would have.
    if (this.#waiting.length > 0) return batch
    this.#urgent = false
    clearTimeout(this.#lingering)
    this.#lingering = undefined
    return batch
  }

  async #post(batch: readonly Waiting[]): Promise<void> {
    const { post, to, self, version, timeoutMs, traffic, onReplies, onFailure } = this.#options
    const { instance: from, boot, turn } = self()
    const head = JSON.stringify({ version: version(), from, boot, turn, to })
    const body = `${head.slice(0, -1)},"messages":[${batch.map(({ text }) => text).join(',')}]}`
    try {
      const replies = await post({ body, timeoutMs, maxAnswerBytes })
      if (!this.#closed) onReplies(replies)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      traffic.lostMessages += batch.length
      if (!this.#closed) onFailure(error)
    }
  }
}
