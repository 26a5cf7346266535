import type { PeerMessage } from '@skyclaw/protocol'
import type { PullRequest, Step } from '../mesh/mesh.ts'

/** Where messages and questions to other coordinators go. Called after a commit; what cannot be delivered is lost. */
export interface Outbox {
  send(to: string, messages: readonly PeerMessage[]): void
  pull(from: string, request: PullRequest): void
}

/** What the inputs of one turn leave behind, until its commit. */
export class Effects {
  readonly #messages = new Map<string, PeerMessage[]>()
  readonly #answers: (() => void)[] = []
  readonly #pulls: { readonly from: string; readonly request: PullRequest }[] = []
  readonly #after: (() => void)[] = []

  message(to: string, message: PeerMessage): void {
    const batch = this.#messages.get(to)
    if (batch) batch.push(message)
    else this.#messages.set(to, [message])
  }

  /** Answers a batch that came in. */
  answer(send: () => void): void {
    this.#answers.push(send)
  }

  /** Takes over what one input left behind; one that failed leaves nothing. */
  add(step: InputStep): void {
    for (const { to, message } of step.messages) this.message(to, message)
    this.#pulls.push(...step.pulls)
    this.#after.push(...step.effects)
  }

  /** Messages first, then questions, then what callers and watchers are told. */
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
