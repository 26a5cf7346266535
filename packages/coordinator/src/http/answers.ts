import { ProblemError } from '@skyclaw/protocol'
import { prepareAnswers, type Store, type Turns, TurnsBusy, TurnsClosed } from '@skyclaw/store'
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { bodyHash } from '../jobs/body-hash.ts'

export interface AnswersOptions {
  readonly store: Store
  readonly turns: Turns
  readonly clock: Clock
  readonly ttlMs: number
}

/** A request as far as its repeats must be the same. */
export interface AnsweredRequest {
  /** The route with its parameters. */
  readonly scope: string
  readonly key: string
  readonly body: unknown
}

/** Longer answers are not kept, only their key: those routes are idempotent by nature, and a repeat runs them again. */
const maxAnswerChars = 65_536

/** Answers pruned in one turn. */
const prunedPerTurn = 1_000

/** Gives repeats of a request the first answer, for as long as it is kept, over restarts too. */
export class Answers {
  readonly #options: AnswersOptions
  readonly #rows: ReturnType<typeof prepareAnswers>
  readonly #underway = new Map<string, { bodyHash: string; answer: Promise<unknown> }>()

  constructor(options: AnswersOptions) {
    this.#options = options
    this.#rows = prepareAnswers(options.store.db)
  }

  /**
   * Runs a request, unless its key was answered already or is being answered: then that answer is given. Throws
   * `idempotency_mismatch` when the key came with another body. Failures are not kept.
   */
  async once<T>({ scope, key, body }: AnsweredRequest, run: () => Promise<T>): Promise<T> {
    const { clock, turns, ttlMs } = this.#options
    const id = createHash('sha256')
      .update(JSON.stringify([scope, key]))
      .digest('hex')
    const hash = bodyHash(body)
    const first = this.#underway.get(id)
    if (first) {
      assertSame(first.bodyHash, hash)
      return first.answer as Promise<T>
    }
    const kept = this.#rows.get({ key: id, now: clock.now() })
    if (kept) {
      assertSame(kept.bodyHash, hash)
      if (kept.answer !== '') return JSON.parse(kept.answer) as T
    }
    const answer = run().then(async (value) => {
      const text = JSON.stringify(value)
      const short = text.length <= maxAnswerChars ? text : ''
      const row = { key: id, bodyHash: hash, answer: short, expiresAt: clock.now() + ttlMs }
      try {
        await turns.run((turn) => {
          this.#rows.put(row)
          turn.wrote()
        })
      } catch (error) {
        // The request itself was done. Without its answer, a repeat runs it again.
        if (!(error instanceof TurnsBusy || error instanceof TurnsClosed)) throw error
      }
      return value
    })
    this.#underway.set(id, { bodyHash: hash, answer })
    try {
      return await answer
    } finally {
      this.#underway.delete(id)
    }
  }

  /** Drops answers that are kept for long enough, turn by turn. Ends early when the signal is aborted. */
  async prune(closing?: AbortSignal): Promise<void> {
    const { clock, turns } = this.#options
    const now = clock.now()
    for (;;) {
      if (closing?.aborted) return
      const pruned = await turns.run((turn) => {
        const count = this.#rows.prune({ now, limit: prunedPerTurn })
        if (count > 0) turn.wrote()
        return count
      })
      if (pruned < prunedPerTurn) return
    }
  }
}

function assertSame(kept: string, now: string): void {
  if (kept !== now) throw new ProblemError('idempotency_mismatch', 'the idempotency key was used with another body')
}
