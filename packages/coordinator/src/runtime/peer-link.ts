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

/** An answer carries no more than a batch, whose bytes its sender estimates. */
const maxAnswerBytes = 2 * limits.largeBodyBytes

interface Waiting {
  readonly text: string
  readonly bytes: number
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
  #closed = false

  constructor(options: PeerLinkOptions) {
    this.#options = options
  }

  send(messages: readonly PeerMessage[]): void {
    if (this.#closed) return
    for (const message of messages) this.#add(message)
    this.#pump()
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    while (this.#underway) await this.#underway
  }

  /** Sends nothing more; what is under way is the client's to end. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting = []
    await this.#underway
  }

  #add(message: PeerMessage): void {
    const { traffic } = this.#options
    const text = JSON.stringify(message)
    const bytes = Buffer.byteLength(text)
    if (bytes > batchBytes) {
      traffic.droppedMessages += 1
      return
    }
    if (this.#here.has(text)) return
    this.#here.add(text)
    traffic.count(message.type, bytes)
    this.#waiting.push({ text, bytes })
    this.#waitingBytes += bytes + 1
    const over = () => this.#waiting.length > maxWaitingMessages || this.#waitingBytes > maxWaitingBytes
    while (over()) this.#drop(this.#waiting.shift()!)
  }

  #drop({ text, bytes }: Waiting): void {
    this.#here.delete(text)
    this.#waitingBytes -= bytes + 1
    this.#options.traffic.droppedMessages += 1
  }

  #pump(): void {
    if (this.#underway || this.#waiting.length === 0 || this.#closed) return
    const batch = this.#take()
    this.#underway = this.#post(batch).finally(() => {
      for (const { text } of batch) this.#here.delete(text)
      this.#underway = undefined
      this.#pump()
    })
  }

  /** As much of what waits as one body holds. */
  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const next of this.#waiting) {
      bytes += next.bytes + 1
      if (count === limits.peerMessages || bytes > batchBytes) break
      count += 1
    }
    const batch = this.#waiting.splice(0, count)
    for (const taken of batch) this.#waitingBytes -= taken.bytes + 1
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
