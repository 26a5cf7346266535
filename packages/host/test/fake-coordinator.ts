import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type HostState, type LeaseRef, type Payload, problem, type ProblemCode, routes } from '@skyclaw/protocol'
import { FakeLogs } from './fake-logs.ts'

/*
 * A coordinator as small as a test of the host needs it: the protocol's routes over real HTTP, jobs in memory, one lease
 * each. What a test wants to go wrong, it makes go wrong through `before`.
 */

export interface FakeJob {
  id: string
  status: 'queued' | 'leased' | 'completed' | 'failed' | 'released'
  attempts: number
  payload: Payload
  completion?: Body
}

/** The fields of all bodies together. */
interface Body {
  hostId?: string
  jobs?: LeaseRef[]
  waitMs?: number
  max?: number
  attempt?: number
  reports?: (Body & { id: string })[]
  durationMs?: number
  success?: boolean
  stdout?: unknown
  stderr?: unknown
}

export interface Seen {
  operation: Operation
  id: string | undefined
  body: Body
  /** Of a piece of a log. */
  bytes: Buffer
  url: URL
  key: string | undefined
  at: number
}

const operations = [
  'registerHost',
  'heartbeat',
  'claimJobs',
  'completeJob',
  'completeJobs',
  'releaseJob',
  'watchHost',
  'putLog',
  'closeLog',
] as const
type Operation = (typeof operations)[number]

/** What stands in for an answer: a problem, a dropped connection, or silence. */
export type Trouble = ProblemCode | 'drop' | 'hang' | 'drop-after' | undefined

export class FakeCoordinator implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly jobs = new Map<string, FakeJob>()
  readonly hosts = new Map<string, Record<string, unknown>>()
  leaseMs = 600
  cancel: LeaseRef[] = []
  lost: LeaseRef[] = []
  drain = false
  state: HostState | undefined
  deadlineMs: number | undefined
  readonly logs = new FakeLogs()
  coordinators: string[] = []
  /** Also called for each report of several, as for one alone: a problem is that report's, anything else befalls the request. */
  before: (operation: Operation, seen: Seen) => Trouble = () => undefined
  /** Whether it is too old to take several reports at once. */
  knowsCompleteJobs = true
  /** Whether claims of a host that is to take no jobs are answered at once. */
  endsClaims = false

  #server = createServer((request, response) => void this.#handle(request, response))
  #claims = new Map<string, string[]>()
  #wake = new Set<() => void>()
  #mark = 1
  #port = 0

  static async start(): Promise<FakeCoordinator> {
    const fake = new FakeCoordinator()
    await fake.listen()
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Listens, on the same port as before when it was stopped. */
  async listen(): Promise<void> {
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wake of this.#wake) wake()
    await this.stop()
  }

  enqueue(id: string, payload: Payload): FakeJob {
    const job: FakeJob = { id, status: 'queued', attempts: 0, payload }
    this.jobs.set(id, job)
    this.wake()
    return job
  }

  wake(): void {
    for (const wake of this.#wake) wake()
  }

  /** Has watching hosts beat at once. */
  change(): void {
    this.#mark += 1
    this.wake()
  }

  of(operation: Operation): Seen[] {
    return this.seen.filter((entry) => entry.operation === operation)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(request)
    const isJson = request.headers['content-type'] === 'application/json'
    const body = (isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : {}) as Body
    const url = new URL(request.url ?? '', this.url)
    const path = url.pathname
    const operation = operations.find(
      (name) => routes[name].method === request.method && matches(routes[name].path, path),
    )
    if (!operation || (operation === 'completeJobs' && !this.knowsCompleteJobs))
      return answer(response, 404, problem('not_found', path))
    const key = request.headers['x-idempotency-key'] as string | undefined
    const id = ['registerHost', 'completeJobs'].includes(operation) ? undefined : path.split('/')[3]
    const entry = { operation, id, body, bytes, url, key, at: performance.now() }
    this.seen.push(entry)
    const trouble = this.before(operation, entry)
    if (trouble === 'hang') return
    if (trouble === 'drop') return void response.destroy()
    if (trouble !== undefined && trouble !== 'drop-after') {
      const document = problem(trouble, 'as the test wants it')
      return answer(response, document.status, document)
    }
    if (operation === 'completeJobs') return this.#completeMany(entry, response)
    const result = await this.#act(entry, response)
    if (trouble === 'drop-after') return void response.destroy()
    answer(response, 'code' in result ? (result['status'] as number) : 200, result)
  }

  #completeMany(request: Seen, response: ServerResponse): void {
    const results = []
    for (const { id, ...body } of request.body.reports ?? []) {
      const seen = { ...request, operation: 'completeJob', id, body } as const
      this.seen.push(seen)
      const trouble = this.before('completeJob', seen)
      if (trouble === 'hang') return
      if (trouble === 'drop' || trouble === 'drop-after') return void response.destroy()
      const refusal = trouble && problem(trouble, 'as the test wants it')
      const { job, ...refused } = refusal ? { ...refusal, job: undefined } : this.#settle('completeJob', id, body)
      results.push(job ? { status: (job as FakeJob).status } : { problem: refused })
    }
    answer(response, 200, { results })
  }

  async #act(seen: Seen, response: ServerResponse): Promise<Record<string, unknown>> {
    const { operation, id = '', body, bytes, url, key } = seen
    if (operation === 'putLog') return this.logs.put(url, bytes)
    if (operation === 'closeLog') return this.logs.close(url, body)
    if (operation === 'registerHost') {
      const host = { id: body.hostId, ...body, ...(this.state && { state: this.state }) }
      this.hosts.set(body.hostId ?? '', host)
      return { host, leaseMs: this.leaseMs }
    }
    if (operation === 'completeJob' || operation === 'releaseJob') return this.#settle(operation, id, body)
    const host = this.hosts.get(id)
    if (!host) return { ...problem('not_found', `no host ${id}`) }
    if (operation === 'heartbeat') {
      const { cancel, lost, drain, coordinators, leaseMs, state, deadlineMs } = this
      return { host, cancel, lost, coordinators, leaseMs, ...(drain && { drain }), state, deadlineMs }
    }
    if (operation === 'watchHost') {
      const until = performance.now() + Number(url.searchParams.get('waitMs') ?? 0)
      const isNews = () => url.searchParams.get('seen') !== this.#seen
      while (!isNews() && performance.now() < until && !response.destroyed) {
        await this.#next(until - performance.now(), response)
      }
      return { seen: this.#seen }
    }
    const jobs = await this.#claim(key ?? '', body, response)
    return { job: jobs[0] ?? null, jobs }
  }

  get #seen(): string {
    return `${this.#port}.${this.#mark}`
  }

  #settle(operation: Operation, id: string, body: Body): Record<string, unknown> {
    const job = this.jobs.get(id)
    if (!job) return { ...problem('not_found', `no job ${id}`) }
    if (job.attempts !== body.attempt) return { ...problem('lease_lost', 'another attempt') }
    if (operation === 'releaseJob') job.status = 'released'
    else {
      job.status = body.success ? 'completed' : 'failed'
      job.completion = body
    }
    return { job }
  }

  /** A key that was answered before finds its jobs again. */
  async #claim(key: string, body: Body, response: ServerResponse): Promise<object[]> {
    const until = performance.now() + (body.waitMs ?? 0)
    for (;;) {
      const queued = [...this.jobs.values()].filter((job) => job.status === 'queued').slice(0, body.max ?? 1)
      const ids = this.#claims.get(key) ?? queued.map((job) => job.id)
      if (ids.length > 0) {
        if (!this.#claims.has(key))
          for (const job of queued) Object.assign(job, { status: 'leased', attempts: job.attempts + 1 })
        this.#claims.set(key, ids)
        return ids.map((id) => this.jobs.get(id) ?? {})
      }
      const isOver = this.endsClaims && this.state !== undefined && this.state !== 'active'
      if (isOver || performance.now() >= until || response.destroyed) return []
      await this.#next(until - performance.now(), response)
    }
  }

  async #next(ms: number, response: ServerResponse): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    const timer = setTimeout(wake, ms)
    response.once('close', wake)
    this.#wake.add(wake)
    await promise
    response.off('close', wake)
    this.#wake.delete(wake)
    clearTimeout(timer)
  }
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path)
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
