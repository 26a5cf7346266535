/**
 * Runs the mesh core under turns: the one place where its effects become real. Each input is a part of a turn (`@skyclaw/store`); what it
 * leaves behind is released after the turn's commit, in this order:
 *
 * 1. the messages of all inputs of the turn, one batch for each other coordinator, and the answers to batches that came in;
 * 2. questions for pages of other feeds;
 * 3. answers to callers and notifications, in the order in which they were left.
 *
 * Before all that, and before the turn is durable, those who wait here for what it brought are told, so that what they do next is made
 * durable by the same fsync. So nothing leaves before it is durable, save for two things. What a coordinator merely learned to be chosen,
 * others hold on their disks, and it can be learned again: a batch that leads to nothing but such news may be lost with the power once it was acted upon.
 * And what it asks of others, proposals among it, leaves while its own disk syncs (effects.ts), unless that rests on a count that the turn has raised.
 * What tells of this coordinator's own disk (promises, acceptances, answers to questions, pages) waits until all of that is durable.
 *
 * Nothing here waits for a promise: with a schedule, a clock and an outbox of its own, a
 * simulator runs the same code step by step.
 */
import { type PeerMessage, ProblemError } from '@skyclaw/protocol'
import { type Turn, type Turns, TurnsBusy, TurnsClosed } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import type { Mesh, MeshMember, PulledPage, Step } from '../mesh/mesh.ts'
import { splitAnswer } from './answer-batch.ts'
import { Effects, InputStep, type Outbox } from './effects.ts'

/** All that the ledger needs: to have an input run in a turn. */
export interface Driver {
  /**
   * Runs `input` in the next turn and answers what it returned when that is durable. Rejects with what the input threw before it wrote
   * anything, with `too_busy` or `shutting_down` (it did not run), or with the store's TurnsFailed. `weight`: how many usual inputs it
   * stands for, so that turns stay short; default 1.
   */
  run<T>(input: (step: Step, mesh: Mesh) => T, weight?: number): Promise<T>
  /** Makes durable what was learned so far: to be called before the numbers of the feed are told. */
  settle(): void
  /** Makes durable the turn that is about to be: to be called before what is known here is told outside of a turn. */
  settleOpen(): void
}

/**
 * The same with the inputs that come from outside the process. One of these that throws ends the turns: the core may have changed in memory,
 * and what it would have left is lost, so that only a new one, built from the disk, is sure to go on.
 */
export interface MeshDriver extends Driver {
  /**
   * A batch of messages of another coordinator, as one input. `reply` is called after the commit with what goes back to it at once, within
   * the bounds of one body. Rejects when it did not run: then nothing was done, and `reply` is not called.
   */
  receive(
    from: string,
    messages: readonly PeerMessage[],
    reply?: (messages: readonly PeerMessage[]) => void,
  ): Promise<void>
  takePage(from: string, page: PulledPage): void
  missPage(from: string): void
  setMembers(members: readonly MeshMember[]): void
  /** To be called every 50 ms or so. Of no effect while the one before waits, and mostly of none while the mesh is quiet. */
  tick(): void
  /** Whether the mesh has been quiet for a while: then it needs a tick every half second only. */
  readonly isQuiet: boolean
  /** The number of the last turn that is durable: what messages carry. */
  readonly turn: number
}

export interface DriverOptions {
  readonly turns: Turns
  readonly clock: Clock
  readonly outbox: Outbox
  readonly mesh: Mesh
  /** Called within the turn that takes a batch, to write what is to be durable with it. */
  readonly received?: ((from: string, messages: readonly PeerMessage[]) => void) | undefined
}

export function createDriver(options: DriverOptions): MeshDriver {
  return new TurnDriver(options)
}

type Input = (step: Step, mesh: Mesh) => void

/** Inputs kept for another try at most; what comes beyond is older than what is known by then. */
const maxKeptInputs = 1_000

/** When the mesh has been quiet for so long, it is ticked only so often. */
const quietAfterMs = 500
const quietTickMs = 500

/** News of what was chosen are durable after so long, whatever comes. */
const settleEveryMs = 200

class TurnDriver implements MeshDriver {
  readonly #options: DriverOptions
  /** The turn that is being taken, and what its inputs left so far. */
  #open: { readonly turn: Turn; readonly effects: Effects } | undefined
  #ticking = false
  /** Monotonic milliseconds. */
  #tickedAt = Number.NEGATIVE_INFINITY
  #quietSince = Number.POSITIVE_INFINITY
  #settledAt = Number.NEGATIVE_INFINITY
  /** Inputs that found the turns too busy: the mesh waits for them, and gets them with the next tick. */
  #kept: Input[] = []
  /** The latest: an input that was kept must not bring back those before. */
  #members: readonly MeshMember[] = []

  constructor(options: DriverOptions) {
    this.#options = options
  }

  get turn(): number {
    return this.#options.turns.number
  }

  get isQuiet(): boolean {
    return this.#options.clock.monotonic() - this.#quietSince > quietAfterMs
  }

  settle(): void {
    this.#options.turns.settle()
  }

  settleOpen(): void {
    this.#options.turns.settleOpen()
  }

  run<T>(input: (step: Step, mesh: Mesh) => T, weight?: number): Promise<T> {
    return this.#run((turn) => {
      const step = this.#newStep()
      const result = input(step, this.#options.mesh)
      this.#leave(turn, step)
      return result
    }, weight)
  }

  receive(
    from: string,
    messages: readonly PeerMessage[],
    reply?: (messages: readonly PeerMessage[]) => void,
  ): Promise<void> {
    return this.#runCore((turn) => {
      const step = this.#newStep()
      for (const message of messages) this.#options.mesh.receive(step, from, message)
      this.#options.received?.(from, messages)
      if (!step.tells) turn.defer()
      const answer = reply && splitAnswer(step.takeMessagesTo(from))
      for (const message of answer?.later ?? []) step.send(from, message)
      const effects = this.#leave(turn, step)
      if (reply && answer) effects.answer(() => reply(answer.now))
    })
  }

  takePage(from: string, page: PulledPage): void {
    this.#insist((step, mesh) => mesh.takePage(step, from, page))
  }

  missPage(from: string): void {
    this.#insist((step, mesh) => mesh.missPage(step, from))
  }

  setMembers(members: readonly MeshMember[]): void {
    this.#members = members
    this.#insist((step, mesh) => mesh.setMembers(step, this.#members))
  }

  tick(): void {
    this.#settleSometimes()
    if (this.#ticking || this.#maySkip()) return
    this.#ticking = true
    for (const input of this.#kept.splice(0)) this.#insist(input)
    const tick: Input = (step, mesh) => {
      this.#ticking = false
      mesh.tick(step)
    }
    this.#input(tick).catch(() => void (this.#ticking = false))
  }

  #settleSometimes(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#settledAt < settleEveryMs) return
    this.#settledAt = now
    try {
      this.settle()
    } catch {
      // The turns have said so themselves, and end the process.
    }
  }

  /** A turn costs a transaction, twenty times a second: one that finds nothing to do is spared, once it has been so for a while. */
  #maySkip(): boolean {
    const now = this.#options.clock.monotonic()
    const quiet = this.#options.mesh.isQuiet && this.#kept.length === 0
    this.#quietSince = quiet ? Math.min(this.#quietSince, now) : Number.POSITIVE_INFINITY
    if (this.isQuiet && now - this.#tickedAt < quietTickMs) return true
    this.#tickedAt = now
    return false
  }

  #input(input: Input): Promise<void> {
    return this.#runCore((turn) => {
      const step = this.#newStep()
      input(step, this.#options.mesh)
      this.#leave(turn, step)
    })
  }

  /** What the core fails with on its own account is fatal. */
  #runCore(work: (turn: Turn) => void): Promise<void> {
    return this.#run((turn) => {
      try {
        work(turn)
      } catch (error) {
        turn.wrote()
        throw error
      }
    })
  }

  /** An input that nobody else would repeat. What makes it fail for good ends the coordinator in another place. */
  #insist(input: Input): void {
    this.#input(input).catch((error: unknown) => {
      const busy = error instanceof ProblemError && error.code === 'too_busy'
      if (busy && this.#kept.length < maxKeptInputs) this.#kept.push(input)
    })
  }

  #newStep(): InputStep {
    const { clock } = this.#options
    return new InputStep(clock.monotonic(), clock.now())
  }

  /** The last thing that an input does, so that one that failed has left nothing. */
  #leave(turn: Turn, step: InputStep): Effects {
    step.end()
    if (step.tells) turn.settle()
    if (step.holds) turn.hold()
    for (const effect of step.early) turn.beforeSync(effect)
    if (this.#open?.turn !== turn) {
      const effects = new Effects()
      const { outbox } = this.#options
      this.#open = { turn, effects }
      turn.afterCommit(() => effects.release(outbox))
    }
    const { effects } = this.#open
    const hadAhead = effects.hasAhead
    effects.add(step)
    if (effects.hasAhead && !hadAhead) turn.whileSyncing(() => effects.releaseAhead(this.#options.outbox))
    return effects
  }

  /** What the turns refuse is a problem like any other to those who use the driver. */
  async #run<T>(work: (turn: Turn) => T, weight?: number): Promise<T> {
    try {
      return await this.#options.turns.run(work, weight)
    } catch (error) {
      if (error instanceof TurnsBusy) throw new ProblemError('too_busy', error.message, { outcome: 'not_applied' })
      if (!(error instanceof TurnsClosed)) throw error
      throw new ProblemError('shutting_down', 'the coordinator is closing', { outcome: 'not_applied' })
    }
  }
}
