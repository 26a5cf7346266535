import { createClient, ProblemResponseError, type SkyclawClient, SkyclawError } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import type { BatchJob, Transport } from '@skyclaw/client'
import { viewOf } from './history/entry.ts'
import type { Dice } from './dice.ts'
import type { Event, Recorder } from './recorder.ts'
import { rest } from './resend.ts'

export interface RecordedClientOptions {
  readonly name: string
  readonly recorder: Recorder
  readonly dice: Dice
  /** What it is told of the coordinators; it learns the others. */
  readonly coordinators: readonly string[]
  /** The name of the coordinator that answers under a URL. */
  readonly nameOf: (url: string) => string
  /** What its jobs run, with their tag as the argument. */
  readonly command: string
}

interface Order {
  readonly tags: readonly string[]
  readonly key: string
  readonly jobs: BatchJob[]
}

const rested = { leastMs: 50, mostMs: 450 }
const longestWaitMs = 3_000
const remembered = 20
const callTimeoutMs = 8_000
const mostInBatch = 4

/** A program that uses `@skyclaw/client`, one call after the other, and has all that it is answered written down. */
export class RecordedClient {
  readonly #options: RecordedClientOptions
  readonly #client: SkyclawClient
  readonly #orders: Order[] = []
  /** Those of which nobody knows whether they were heard. */
  readonly #open: Order[] = []
  #answeredBy = ''
  /** The job that it asked for last. */
  #asked = ''

  constructor(options: RecordedClientOptions) {
    this.#options = options
    const transport = this.#watch(undiciTransport({ connections: 4 }))
    this.#client = createClient({ coordinators: options.coordinators, transport, timeoutMs: callTimeoutMs })
  }

  /** Calls until it is told to stop; then it repeats what was not answered, so that nothing is left open. */
  async run(stop: AbortSignal, end: AbortSignal): Promise<void> {
    const { dice } = this.#options
    const acts = [
      ...[() => this.#order(1), () => this.#order(1), () => this.#order(dice.int(2, mostInBatch))],
      ...[() => this.#repeat(), () => this.#get(), () => this.#get(), () => this.#get(), () => this.#list()],
      ...[() => this.#cancel(), () => this.#wait()],
    ]
    while (!stop.aborted) {
      await dice.pick(acts)!()
      await rest(dice.int(rested.leastMs, rested.mostMs), stop)
    }
    while (this.#open.length > 0 && !end.aborted) {
      await this.#place(this.#open.shift()!)
      await rest(rested.leastMs, end)
    }
    await this.#client.close()
  }

  /** Notes which coordinator has answered about jobs. */
  #watch(transport: Transport): Transport {
    return {
      close: () => transport.close(),
      open: (request) => transport.open(request),
      send: async (request) => {
        const answer = await transport.send(request)
        const { origin, pathname } = new URL(request.url)
        if (pathname.startsWith('/v1/jobs')) this.#answeredBy = this.#options.nameOf(origin)
        return answer
      },
    }
  }

  /** Writes down a call with its answer, or that it had none; anything but a problem of its own is thrown. */
  async #call<T>(event: Event, call: () => Promise<T>, tell: (answer: T) => object): Promise<boolean> {
    const { recorder } = this.#options
    const at = recorder.now()
    try {
      const answer = await call()
      recorder.answered(at, { ...event, coordinator: this.#answeredBy, ...tell(answer) })
      return true
    } catch (error) {
      if (!(error instanceof SkyclawError)) throw error
      const refusal = error instanceof ProblemResponseError && !error.problem.retryable ? error.code : undefined
      if (refusal === 'not_found' && event.did !== 'enqueue') {
        const missing = (event as { id?: string }).id ?? this.#asked
        recorder.answered(at, { ...event, coordinator: this.#answeredBy, missing } as Event)
      } else if (refusal !== undefined && event.did === 'enqueue') {
        recorder.answered(at, { ...event, coordinator: this.#answeredBy, refused: refusal })
      } else if (event.did !== 'read') {
        recorder.unanswered(at, event)
      }
      return false
    }
  }

  async #place(order: Order): Promise<void> {
    const { tags, key, jobs } = order
    const event: Event = { did: 'enqueue', who: this.#options.name, tags }
    const [first] = jobs
    const { payload, ...settings } = first!
    const done =
      jobs.length === 1
        ? await this.#call(
            event,
            () => this.#client.jobs.enqueue(payload, { ...settings, idempotencyKey: key }),
            (job) => ({ jobs: [viewOf(job)] }),
          )
        : await this.#placeBatch(order, event)
    if (!done) this.#open.push(order)
  }

  /** Of a batch some jobs may find their quorum and others not: what was not made is asked for again, with all the others. */
  async #placeBatch({ tags, key, jobs }: Order, event: Event): Promise<boolean> {
    let isWhole = true
    const answered = await this.#call(
      event,
      () => this.#client.jobs.enqueueBatch(jobs, { idempotencyKey: key }),
      (results) => {
        const made = results.flatMap(({ job }, index) => (job ? [{ tag: tags[index]!, job: viewOf(job) }] : []))
        const refused = results.find(({ problem }) => problem && !problem.retryable)?.problem?.code
        isWhole = made.length === jobs.length || refused !== undefined
        return { tags: made.map(({ tag }) => tag), jobs: made.map(({ job }) => job), ...(refused && { refused }) }
      },
    )
    return answered && isWhole
  }

  async #order(count: number): Promise<void> {
    const { dice, command } = this.#options
    const tags = Array.from({ length: count }, () => dice.name())
    const jobs = tags.map((tag): BatchJob => {
      const payload = { kind: 'shell' as const, command, args: [tag] }
      return { payload, priority: dice.int(-2, 2), maxAttempts: dice.int(1, 2), maxLeaseLosses: dice.int(2, 8) }
    })
    const order = { tags, jobs, key: dice.name() }
    if (this.#orders.push(order) > remembered) this.#orders.shift()
    await this.#place(order)
  }

  /** Sends again what was sent before, answered or not. */
  async #repeat(): Promise<void> {
    const order = this.#open.shift() ?? this.#options.dice.pick(this.#orders)
    if (order) await this.#place(order)
  }

  /** A job of whichever client, mostly a new one. */
  #someId(): string | undefined {
    const { dice, recorder } = this.#options
    return dice.pick(recorder.acknowledged.slice(dice.chance(0.8) ? -40 : 0))
  }

  async #get(): Promise<void> {
    const id = this.#someId()
    if (id === undefined) return
    this.#asked = id
    const event: Event = { did: 'read', who: this.#options.name, how: 'get', jobs: [] }
    await this.#call(
      event,
      () => this.#client.jobs.get(id),
      (job) => ({ jobs: [viewOf(job)] }),
    )
  }

  async #wait(): Promise<void> {
    const id = this.#someId()
    if (id === undefined) return
    this.#asked = id
    const event: Event = { did: 'read', who: this.#options.name, how: 'wait', jobs: [] }
    const wait = () => this.#client.jobs.wait(id, { timeoutMs: longestWaitMs })
    // A wait asks several times: what it was answered is no older than its last question, and is held only to be an end.
    await this.#call(event, wait, (job) => ({ jobs: [viewOf(job)] }))
  }

  async #list(): Promise<void> {
    const status = this.#options.dice.pick(['queued', 'leased', 'completed', 'cancelled'] as const)!
    const event: Event = { did: 'read', who: this.#options.name, how: 'list', jobs: [] }
    const list = () => this.#client.jobs.list({ status, limit: 20 })
    await this.#call(event, list, ({ jobs }) => ({ jobs: jobs.map(viewOf) }))
  }

  async #cancel(): Promise<void> {
    const id = this.#options.dice.chance(0.4) ? this.#someId() : undefined
    if (id === undefined) return
    const event: Event = { did: 'cancel', who: this.#options.name, id }
    const cancel = () => this.#client.jobs.cancel(id, { reason: 'chaos' })
    await this.#call(event, cancel, (job) => ({ jobs: [viewOf(job)] }))
  }
}
