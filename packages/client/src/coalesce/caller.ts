import type { EnqueueAnswer, Problem } from '@skyclaw/protocol'
import { type Course, givingUp } from '../course.ts'
import { type SkyclawError, UnreachableError } from '../errors.ts'
import type { Gathered } from './gathering.ts'

/** The course of a request that several callers share. */
export interface SharedCourse extends Course {
  /** Whom it asks at this moment, and since when. */
  readonly asking: Map<string, number>
  /** Called when a caller left without an answer. */
  left: () => void
}

/** Who called `enqueue`, and waits for the answer. */
export class Caller implements Gathered {
  /** The job as JSON. */
  readonly text: string
  readonly key: string
  readonly startedAt: number
  readonly deadline: number
  isOver = false
  /** Whether its job may have been made, by what was answered for it alone. */
  outcomeUnknown = false
  lastProblem: Course['lastProblem']
  /** Of the request that it is in. */
  course: SharedCourse | undefined
  readonly answer: Promise<EnqueueAnswer>
  readonly #signal: AbortSignal | undefined
  readonly #onOver: (caller: Caller) => void
  #resolve!: (answer: EnqueueAnswer) => void
  #reject!: (reason: unknown) => void

  constructor(
    text: string,
    { key, timeoutMs, signal }: { key: string; timeoutMs: number; signal: AbortSignal | undefined },
    onOver: (caller: Caller) => void,
  ) {
    this.text = text
    this.key = key
    this.startedAt = performance.now()
    this.deadline = this.startedAt + timeoutMs
    this.#signal = signal
    this.#onOver = onOver
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    signal?.addEventListener('abort', this.#onAbort)
  }

  get chars(): number {
    return this.text.length
  }

  take(answer: EnqueueAnswer): void {
    if (this.#end()) this.#resolve(answer)
  }

  fail(reason: unknown): void {
    if (this.#end()) this.#reject(reason)
  }

  /** A coordinator answered for this job, and it may be asked again. */
  note(problem: Problem, url: string, isDoubtful: boolean): void {
    this.lastProblem = { problem, url }
    this.outcomeUnknown ||= isDoubtful
  }

  /** Its own time is up. */
  expire(): void {
    const { course } = this
    this.fail(course ? this.givingUp(course) : this.#unsent())
    course?.left()
  }

  /** What a call of its own would say at its end. */
  givingUp(course: SharedCourse): SkyclawError {
    const now = performance.now()
    const failures = new Map(course.failures)
    for (const [url, since] of course.asking) {
      if (!failures.has(url)) failures.set(url, { url, message: `no answer within ${Math.round(now - since)} ms` })
    }
    return givingUp({
      ...course,
      failures,
      startedAt: this.startedAt,
      lastProblem: this.lastProblem ?? course.lastProblem,
      outcomeUnknown: this.outcomeUnknown || course.outcomeUnknown || course.asking.size > 0,
    })
  }

  #unsent(): SkyclawError {
    const elapsedMs = Math.round(performance.now() - this.startedAt)
    return new UnreachableError([], elapsedMs, this.outcomeUnknown)
  }

  readonly #onAbort = (): void => {
    this.fail(this.#signal?.reason)
    this.course?.left()
  }

  #end(): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#onOver(this)
    return true
  }
}
