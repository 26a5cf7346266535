import { ProblemResponseError, type SkyclawClient } from '@skyclaw/client'
import type { AttemptLog } from '@skyclaw/output-log'
import { limits, type LogStream, logStreams } from '@skyclaw/protocol'
import type { Logger } from 'pino'
import { judge } from '../delivery.ts'
import { messageOf, pause, rest } from '../retry.ts'
import type { Turns } from './turns.ts'

/** Between two pieces of a stream while the job runs. */
const sendEveryMs = 250
/** A log is closed when enough coordinators have it on their disks. */
const closeTimeoutMs = 30_000
/** Coordinators that contradict each other or themselves so many times in a row are not asked again. */
const maxGaps = 30

/** What became of a log: all of it is in safe hands; nobody wants it any more, or ever did; or the host ends first. */
export type Delivery = 'delivered' | 'lost' | 'refused' | 'stopped'

/** What a round did: nothing was there, something new was sent, or it is to go on at once. */
type Sent = 'nothing' | 'new' | 'again'

/** What a coordinator said that it is missing. */
interface Gap {
  /** Bytes that it has. */
  readonly expected: number
  readonly url: string
}

export interface SenderContext {
  readonly client: SkyclawClient
  /** A client that asks this coordinator alone. */
  readonly clientOf: (url: string) => SkyclawClient
  readonly hostId: string
  /** Calls at once, of all logs. */
  readonly turns: Turns
  /** Aborted when the host ends. */
  readonly ending: AbortSignal
  readonly log: Logger
}

/** Sends the log of one attempt: what comes while it is written, and the rest when it is closed. Trouble of the network is waited out. */
export class LogSender {
  readonly #context: SenderContext
  readonly #attemptLog: AttemptLog
  /** What the coordinators have, as far as is known. */
  readonly #at: Record<LogStream, number> = { stdout: 0, stderr: 0 }
  /** What was sent before: it is sent again without a pause. */
  readonly #sent: Record<LogStream, number> = { stdout: 0, stderr: 0 }
  /**
   * A coordinator just said that it has all before this offset: to it, what is missing here after that may be declared missing.
   * Another one may have nothing yet, and would do without the beginning for ever.
   */
  readonly #confirmed: Partial<Record<LogStream, Gap>> = {}
  #gaps = 0
  #failures = 0
  #hasStarted = false

  constructor(context: SenderContext, log: AttemptLog) {
    this.#context = context
    this.#attemptLog = log
  }

  /** Whether a coordinator may have some of it. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Sends what comes until `ended` is aborted; answers early only when sending is over for good. Never rejects. */
  async follow(ended: AbortSignal): Promise<Delivery | undefined> {
    const over = AbortSignal.any([ended, this.#context.ending])
    return this.#guarded(async () => {
      while (!over.aborted) {
        const startedAt = performance.now()
        const sent = await this.#sendRound(over)
        if (over.aborted) break
        if (sent === 'nothing' && !this.#isBehind) await this.#attemptLog.changed(over)
        if (sent !== 'again') await rest(sendEveryMs - (performance.now() - startedAt), over)
      }
      return undefined
    })
  }

  /** Sends the rest of a closed log, and closes it there. Never rejects. */
  async finish(): Promise<Delivery> {
    const { ending } = this.#context
    return this.#guarded<Delivery>(async () => {
      for (;;) {
        while ((await this.#sendRound(ending)) !== 'nothing') ending.throwIfAborted()
        if (await this.#close()) return 'delivered'
      }
    })
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T | Delivery> {
    const { ending, log } = this.#context
    try {
      return await work()
    } catch (error) {
      if (ending.aborted) return 'stopped'
      const lost = error instanceof ProblemResponseError && error.code === 'lease_lost'
      const reason = messageOf(error)
      if (lost) log.warn({ reason }, 'lease lost: log dropped')
      else log.error({ reason }, 'log refused: dropped')
      return lost ? 'lost' : 'refused'
    }
  }

  get #isBehind(): boolean {
    return logStreams.some((stream) => this.#at[stream] < this.#attemptLog.sizes[stream])
  }

  /** Sends the next piece of each stream. */
  async #sendRound(over: AbortSignal): Promise<Sent> {
    const stdout = await this.#sendNext('stdout', over)
    const stderr = await this.#sendNext('stderr', over)
    if (stdout === 'again' || stderr === 'again') return 'again'
    return stdout === 'new' ? stdout : stderr
  }

  async #sendNext(stream: LogStream, over: AbortSignal): Promise<Sent> {
    const log = this.#attemptLog
    const from = { ...log.sizes, [stream]: Math.min(this.#at[stream], log.sizes[stream]) }
    const piece = (await log.read(from, limits.logChunkBytes)).find((candidate) => candidate.stream === stream)
    if (!piece || over.aborted) return 'nothing'
    const { jobId: id, attempt } = log.name
    const { hostId, client, clientOf } = this.#context
    const { offset, bytes } = piece
    const confirmed = this.#confirmed[stream]
    delete this.#confirmed[stream]
    const declared = offset > this.#at[stream] && confirmed?.expected === this.#at[stream] ? confirmed : undefined
    const query = { hostId, offset, ...(declared && { gap: 1 }) }
    const answer = await this.#call(over, (signal) => {
      this.#hasStarted = true
      const asked = declared ? clientOf(declared.url) : client
      return asked.call('putLog', { params: { id, attempt, stream }, query, body: bytes, signal })
    })
    if (answer === undefined) return 'new'
    if ('expected' in answer) {
      this.#at[stream] = answer.expected
      this.#confirmed[stream] = answer
      await this.#countGap()
      return 'again'
    }
    const isRepeat = this.#at[stream] < this.#sent[stream]
    this.#gaps = 0
    this.#at[stream] = answer.size
    this.#sent[stream] = Math.max(this.#sent[stream], answer.size)
    return isRepeat ? 'again' : 'new'
  }

  /** Closes the log there. False when some of it is to be sent again first. */
  async #close(): Promise<boolean> {
    const { jobId: id, attempt } = this.#attemptLog.name
    const { hostId, client } = this.#context
    const sizeOf = (stream: LogStream) => Math.max(this.#attemptLog.sizes[stream], this.#at[stream])
    const body = { hostId, stdout: sizeOf('stdout'), stderr: sizeOf('stderr') }
    const answer = await this.#call(this.#context.ending, (signal) => {
      this.#hasStarted = true
      return client.call('closeLog', { params: { id, attempt }, body, signal, timeoutMs: closeTimeoutMs })
    })
    if (answer === undefined) return false
    if (!('expected' in answer)) return true
    // It does not say which stream: the answer to the first piece of each tells how much of it is there.
    for (const stream of logStreams) this.#at[stream] = 0
    await this.#countGap()
    return false
  }

  async #countGap(): Promise<void> {
    this.#gaps += 1
    if (this.#gaps > maxGaps) throw new Error(`the coordinators miss other bytes again and again (${maxGaps} times)`)
    if (this.#gaps > 2) await pause(this.#gaps - 3, this.#context.ending)
  }

  /** One call, when it is its turn. Undefined after trouble of the network, and a pause. Throws what is final. */
  async #call<T extends object>(
    over: AbortSignal,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | Gap | undefined> {
    const { turns, ending, log } = this.#context
    try {
      const answer = await turns.run(ending, async () => (over.aborted ? undefined : send(ending)))
      this.#failures = 0
      return answer
    } catch (error) {
      if (ending.aborted) throw error
      if (error instanceof ProblemResponseError && error.code === 'log_gap') {
        return { expected: error.problem.expectedOffset ?? 0, url: error.url }
      }
      if (judge(error) !== 'retry') throw error
      this.#failures += 1
      if (this.#failures === 1) log.warn({ reason: messageOf(error) }, 'log not delivered yet')
      await pause(this.#failures - 1, over)
      return undefined
    }
  }
}
