import type { PeerMessage } from '@skyclaw/protocol'
import type { PullRequest, Step } from '../mesh/mesh.ts'

/** Where messages and questions to other coordinators go. Called after a commit; what cannot be delivered is lost. */
export interface Outbox {
  send(to: string, messages: readonly PeerMessage[]): void
  pull(from: string, request: PullRequest): void
}

/**
 * Messages that say nothing of this coordinator's own disk. A proposal may reach the others before this coordinator has it on disk itself:
 * it counts its own acceptance in a later turn, when it has.
 */
const restOnNothing: readonly PeerMessage['type'][] = ['prepare', 'accept', 'ask']

type Batches = Map<string, PeerMessage[]>

/** What the inputs of one turn leave behind, until its commit. */
export class Effects {
  /** Of the messages, those that may leave before the turn is durable, and the others. */
  readonly #ahead: Batches = new Map()
  readonly #messages: Batches = new Map()
  readonly #answers: (() => void)[] = []
  readonly #pulls: { readonly from: string; readonly request: PullRequest }[] = []
  readonly #after: (() => void)[] = []

  /** Answers a batch that came in. */
  answer(send: () => void): void {
    this.#answers.push(send)
  }

  /** Takes over what one input left behind; one that failed leaves nothing. */
  add(step: InputStep): void {
    for (const { to, message } of step.messages) {
      const batches = restOnNothing.includes(message.type) ? this.#ahead : this.#messages
      const batch = batches.get(to)
      if (batch) batch.push(message)
      else batches.set(to, [message])
    }
    this.#pulls.push(...step.pulls)
    this.#after.push(...step.effects)
  }

  /** Whether there is something that may leave before the turn is durable. */
  get hasAhead(): boolean {
    return this.#ahead.size > 0
  }

  /** Before all else, what may leave before the turn is durable. */
  releaseAhead(outbox: Outbox): void {
    for (const [to, messages] of this.#ahead) outbox.send(to, messages)
  }

  /** The other messages first, then questions, then what callers and watchers are told. */
  release(outbox: Outbox): void {
    for (const [to, messages] of this.#messages) outbox.send(to, messages)
    for (const answer of this.#answers) answer()
    for (const { from, request } of this.#pulls) outbox.pull(from, request)
    for (const effect of this.#after) effect()
  }
}

/** One input's view of the turn, and what it leaves behind. */
export class InputStep implements Step {
  readonly now: number
  readonly wall: number
  messages: { readonly to: string; readonly message: PeerMessage }[] = []
  readonly pulls: { readonly from: string; readonly request: PullRequest }[] = []
  readonly effects: (() => void)[] = []
  readonly early: (() => void)[] = []
  /** Whether anything but news of what was chosen is sent: then it rests on what is on disk here. */
  tells = false
  holds = false
  #over = false

  constructor(now: number, wall: number) {
    this.now = now
    this.wall = wall
  }

  send(to: string, message: PeerMessage): void {
    this.#assertOpen()
    if (message.type !== 'learn') this.tells = true
    this.messages.push({ to, message })
  }

  pull(from: string, request: PullRequest): void {
    this.#assertOpen()
    this.pulls.push({ from, request })
  }

  after(effect: () => void): void {
    this.#assertOpen()
    this.effects.push(effect)
  }

  beforeSync(effect: () => void): void {
    this.#assertOpen()
    this.early.push(effect)
  }

  hold(): void {
    this.holds = true
  }

  /** Takes back the messages to one coordinator, because they go to it as an answer. */
  takeMessagesTo(to: string): PeerMessage[] {
    const taken = this.messages.filter((sent) => sent.to === to).map(({ message }) => message)
    if (taken.length > 0) this.messages = this.messages.filter((sent) => sent.to !== to)
    return taken
  }

  /** What comes later would never be released. */
  end(): void {
    this.#over = true
  }

  #assertOpen(): void {
    if (this.#over) throw new Error('a step was used when its input was over')
  }
}
