import { limits, type OperationId, ProblemError } from '@skyclaw/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { Admission } from '../core/admission.ts'

/**
 * What may wait, with what it costs at least, in units of a small job. Everything else goes on however much there is to do: hosts that are
 * not heard are taken for lost, and outcomes and the messages of other coordinators end work that is here already.
 */
const leastUnits: { readonly [id in OperationId]?: number } = {
  enqueueJob: 1,
  enqueueBatch: 1,
  retryJob: 1,
  listJobs: 10,
  listHosts: 10,
  readState: 20,
}

/** So much of a body is counted for a unit, whatever it says. */
const bytesPerUnit = 4_096

/** How often it is looked how late this process is; and when nobody has come for so long, no more: an idle process is not woken for it. */
const tickMs = 250
const idleMs = 2_000

/** A body that takes longer is held up by its sender, and says nothing of what is to be done here. */
const slowBodyMs = 500

/** As much of such bodies is waited for, in units: 64 MiB, as they announce themselves. What is more than that keeps others out. */
const maxSlowUnits = 16_384

interface Ticket {
  /** What its work costs, as far as its head says. */
  readonly cost: number
  /** As what it is counted now. */
  units: number
  /** Monotonic milliseconds. */
  readonly since: number
  /** Whether its body is waited for, and it is not counted as work. */
  slow: boolean
  /** Its work goes on, and ends by itself, when the caller is gone. */
  working: boolean
}

type GateContext = Pick<Context, 'options' | 'clock' | 'network'>

/**
 * Lets requests for new work in, or sends them away with `too_busy`: by their heads, before their bodies are read, and once more when it is
 * known how many jobs there are in a body.
 */
export class Gate {
  readonly #admission: Admission
  readonly #context: GateContext
  readonly #tickets = new WeakMap<FastifyRequest, Ticket>()
  /** Those whose bodies are on their way, oldest first. */
  readonly #arriving = new Set<Ticket>()
  #slowUnits = 0
  /** Monotonic milliseconds. */
  #cameAt = 0
  #tickedAt = 0
  /** Runs while somebody comes. */
  #ticker: NodeJS.Timeout | undefined

  constructor(context: GateContext) {
    this.#context = context
    this.#admission = new Admission({ maxBacklogMs: context.options.maxBacklogMs, random: Math.random })
  }

  /** The hook that looks at the heads of a route's requests, if it is one of those that may wait. */
  onRequest(id: OperationId) {
    const least = leastUnits[id]
    if (least === undefined) return []
    return [
      (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
        const bytes = Math.min(limits.largeBodyBytes, Number(request.headers['content-length'] ?? 0))
        const cost = Math.max(least, Math.ceil(bytes / bytesPerUnit))
        // Who has left while others looked at the request will not send the rest of it.
        if (request.raw.destroyed) return done()
        const since = this.#now()
        this.#came(since)
        const seconds = this.#admission.admit(cost, since)
        if (seconds !== undefined) return done(this.#refusal(reply, seconds))
        const ticket: Ticket = { cost, units: cost, since, slow: false, working: false }
        this.#tickets.set(request, ticket)
        this.#arriving.add(ticket)
        // The response of one that waits behind others of its connection is never closed when that is lost; the request is.
        request.raw.once('close', () => {
          if (!request.raw.readableEnded) this.#leave(ticket)
        })
        done()
      },
    ]
  }

  /** The hook that sees the answers to those requests go: who is answered before the work began was refused for something else. */
  onSend(id: OperationId) {
    if (leastUnits[id] === undefined) return []
    return [
      (request: FastifyRequest, _reply: FastifyReply, _payload: unknown, done: () => void): void => {
        const ticket = this.#tickets.get(request)
        if (ticket) this.#leave(ticket)
        done()
      },
    ]
  }

  /** Does the work of a request that was let in. Throws `too_busy`, and does not begin, when it turns out to be too much. */
  async work<T>(request: FastifyRequest, reply: FastifyReply, work: () => Promise<T>): Promise<T> {
    const ticket = this.#tickets.get(request)
    if (!ticket) return work()
    this.#arrived(ticket)
    const units = Math.max(ticket.cost, jobsOf(request.body))
    if (units > ticket.units) {
      const seconds = this.#admission.grow(ticket.units, units, this.#now())
      ticket.units = seconds === undefined ? units : 0
      if (seconds !== undefined) throw this.#refusal(reply, seconds)
    }
    ticket.working = true
    this.#admission.begin(ticket.units, this.#now())
    try {
      return await work()
    } finally {
      this.#admission.end(ticket.units, this.#now())
    }
  }

  close(): void {
    clearInterval(this.#ticker)
  }

  #came(now: number): void {
    this.#cameAt = now
    if (this.#ticker) return
    this.#tickedAt = now
    this.#ticker = setInterval(() => this.#tick(), tickMs).unref()
  }

  #tick(): void {
    const now = this.#now()
    this.#admission.late(now - this.#tickedAt - tickMs)
    this.#tickedAt = now
    this.#letGoOfSlow(now)
    if (this.#arriving.size > 0 || now - this.#cameAt < idleMs) return
    this.#admission.forgetLate()
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }

  /** They are looked at anew when they are whole: what waits for its sender must not keep others out. */
  #letGoOfSlow(now: number): void {
    for (const ticket of this.#arriving) {
      if (now - ticket.since < slowBodyMs || this.#slowUnits + ticket.cost > maxSlowUnits) return
      this.#arriving.delete(ticket)
      this.#drop(ticket)
      ticket.slow = true
      this.#slowUnits += ticket.cost
    }
  }

  /** Its body is whole, or will never be. */
  #arrived(ticket: Ticket): void {
    this.#arriving.delete(ticket)
    if (ticket.slow) this.#slowUnits -= ticket.cost
    ticket.slow = false
  }

  /** Its work will not begin, unless it has. */
  #leave(ticket: Ticket): void {
    if (ticket.working) return
    this.#arrived(ticket)
    this.#drop(ticket)
  }

  #drop(ticket: Ticket): void {
    this.#admission.drop(ticket.units)
    ticket.units = 0
  }

  #refusal(reply: FastifyReply, seconds: number): ProblemError {
    void reply.header('retry-after', String(seconds))
    const { backlogMs, waiting } = this.#admission
    const fields = { backlogMs: Math.round(backlogMs), waiting }
    this.#context.network.warnings.warn('too busy', fields, 'new work is refused: there is too much to do')
    return new ProblemError('too_busy', 'the coordinator has more to do than it can soon answer: come back later', {
      outcome: 'not_applied',
    })
  }

  #now(): number {
    return this.#context.clock.monotonic()
  }
}

function jobsOf(body: unknown): number {
  const { jobs } = Object(body) as { jobs?: unknown }
  return Array.isArray(jobs) ? jobs.length : 0
}
