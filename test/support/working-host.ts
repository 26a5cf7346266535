import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Job, Problem } from '@skyclaw/protocol'
import type { Http } from './http.ts'
import { RawHost } from './raw-host.ts'
import { atEnd } from './undo.ts'

const beatEveryMs = 250
const pauseMs = 50
const claimWaitMs = 500

export interface WorkingHostSettings {
  /** Whether it keeps what it is given leased instead of finishing it. Default: false. */
  readonly holds?: boolean
  /** Jobs that it asks for at once; default 10. */
  readonly max?: number
}

/** A host played by a test that works by itself at one coordinator: it beats, claims, finishes what it is given, and asks again until it is answered. */
export class WorkingHost {
  readonly id: string
  /** Everything that it was given, in order. */
  readonly given: Job[] = []
  /** Jobs whose end was acknowledged, as they were shown then. */
  readonly finished = new Map<string, Job>()
  /** What was said about reports that were refused for good. */
  readonly refused: Problem[] = []
  readonly #http: Http
  readonly #host: RawHost
  readonly #settings: WorkingHostSettings
  readonly #stopping = new AbortController()
  readonly #over: Promise<unknown>

  private constructor(http: Http, host: RawHost, settings: WorkingHostSettings) {
    this.#http = http
    this.#host = host
    this.#settings = settings
    this.id = host.id
    this.#over = Promise.all([this.#beat(), this.#work()])
    atEnd(() => this.stop())
  }

  /** Begins to work as a host that is registered. */
  static begin(http: Http, host: RawHost, settings: WorkingHostSettings = {}): WorkingHost {
    return new WorkingHost(http, host, settings)
  }

  /** Ends what is under way: what it was given and has not finished stays leased. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#over
  }

  /** Reports all that it holds as finished, to this coordinator or another one. */
  async finishAll(http: Http = this.#http): Promise<void> {
    const held = this.given.filter(({ id }) => !this.finished.has(id))
    await Promise.all(held.map((job) => this.#finish(job, this.#host.at(http))))
  }

  async #beat(): Promise<void> {
    while (!this.#stopped) {
      await this.#host.beat().catch(() => undefined)
      await pause(beatEveryMs)
    }
  }

  async #work(): Promise<void> {
    const { max = 10, holds = false } = this.#settings
    let key = randomUUID()
    let retry = 0
    while (!this.#stopped) {
      const request = {
        params: { id: this.id },
        body: { max, waitMs: claimWaitMs },
        key,
        signal: this.#stopping.signal,
      }
      const answer = await this.#http
        .call('claimJobs', { ...request, ...(retry > 0 && { retry }) })
        .catch(() => undefined)
      if (!answer?.ok) {
        // What it may have been given by an answer that was lost is found under the same key.
        retry += 1
        await pause(pauseMs)
        continue
      }
      key = randomUUID()
      retry = 0
      const jobs = answer.body.jobs ?? []
      this.given.push(...jobs)
      if (!holds) await Promise.all(jobs.map((job) => this.#finish(job, this.#host)))
    }
  }

  async #finish(job: Job, host: RawHost): Promise<void> {
    for (;;) {
      const answer = await host.complete(job).catch(() => undefined)
      if (answer?.ok) return void this.finished.set(job.id, answer.body.job)
      if (answer && !answer.body.retryable) return void this.refused.push(answer.body)
      if (this.#stopped) return
      await pause(pauseMs)
    }
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }
}

/** Leases that were given more than once, whoever got them: a fence must never be used again. */
export function leasedTwice(hosts: readonly WorkingHost[]): string[] {
  const leases = hosts.flatMap(({ given }) => given.map(({ id, attempts }) => `${id} ${attempts}`))
  return leases.filter((lease, index) => leases.indexOf(lease) !== index)
}
