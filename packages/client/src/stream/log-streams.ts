import type { CallContext } from '../call-context.ts'
import { type Course, givingUp, remember, startCourse } from '../course.ts'
import { SkyclawError } from '../errors.ts'
import { answered, failed } from '../failover/failover.ts'
import { describeNetworkError } from '../network-error.ts'
import { type CallInput, type Prepared, prepare } from '../prepare.ts'
import { minOutageIntervalMs, passing, pause } from '../outage.ts'
import { openStream, type OpenStream } from './open-stream.ts'
import { type LogEvent, parseLogEvent, placeOf } from './parse-log-event.ts'
import { BrokenStreamError, readEvents, whileHeard } from './read-events.ts'

/** An event, and its id when that is one to go on from. */
export interface Placed {
  readonly place: string | undefined
  readonly event: LogEvent
}

interface Settings {
  readonly request: CallInput
  readonly signal: AbortSignal
  readonly maxOutageMs: number
  readonly onOutage: (error: SkyclawError) => void
  readonly used: () => void
}

const lastEventIdHeader = 'last-event-id'

/** A stream that brings nothing new is opened anew at most once in this time. */
const minIntervalMs = 200

/**
 * The events of a log, stream after stream. The job needs no coordinator to go on, so its log goes on through outages: at the
 * next coordinator, behind the last event that was taken in. What a call is to the failover policy, the search for the next
 * stream is here. A coordinator that sends anything, a comment too, is there; an outage is the time since the last sign of that.
 */
export class LogStreams {
  readonly #context: CallContext
  readonly #settings: Settings
  #lastPlace: string | undefined
  #heardAt = performance.now()
  #openedAt = Number.NEGATIVE_INFINITY
  #isOutage = false
  #isNews = true
  #course: Course & Prepared

  constructor(context: CallContext, settings: Settings) {
    this.#context = context
    this.#settings = settings
    this.#course = this.#search()
  }

  /** The event of this place was taken in: the next stream goes on behind it. */
  taken(place: string | undefined): void {
    if (place === undefined || place === this.#lastPlace) return
    this.#lastPlace = place
    this.#isNews = true
  }

  /** The events of the next stream, until it breaks. Throws what is no outage, and an outage's error when that lasted for too long. */
  async *next(): AsyncGenerator<Placed> {
    const stream = await this.#open()
    let isHeard = false
    try {
      const { streamSilenceMs } = this.#context.options.failover
      const body = whileHeard(stream.body, streamSilenceMs, (reason) => stream.end(reason))
      for await (const batch of readEvents(body)) {
        if (batch.length === 0) this.#heard(stream.url)
        for (const message of batch) {
          const event = parseLogEvent(message)
          this.#heard(stream.url)
          if (event) yield { place: placeOf(message), event }
          // The time that its reader takes is no silence.
          this.#heardAt = performance.now()
        }
        isHeard = true
      }
      this.#broke(stream.url, new Error('the stream ended before the output did'), isHeard)
    } catch (error) {
      this.#settings.signal.throwIfAborted()
      this.#broke(stream.url, error, isHeard)
    } finally {
      stream.end(new Error('nobody reads it any more'))
    }
  }

  async #open(): Promise<OpenStream> {
    const { signal } = this.#settings
    for (;;) {
      if (!this.#isNews) await pause(this.#openedAt + minIntervalMs - performance.now(), signal)
      this.#openedAt = performance.now()
      this.#isNews = false
      if (this.#lastPlace !== undefined) this.#course.request.headers[lastEventIdHeader] = this.#lastPlace
      const stream = await openStream(this.#context, this.#course, signal).catch(passing)
      if (!(stream instanceof SkyclawError)) return stream
      this.#outage(stream)
      await pause(Math.min(this.#restMs(), this.#leftMs() - minOutageIntervalMs), signal)
      this.#course = this.#search()
    }
  }

  /** Milliseconds until the coordinators are asked again in an outage: not before one of them wants to be. */
  #restMs(): number {
    const soonest = Math.min(...this.#context.failover.endpoints.map(({ notBefore }) => notBefore))
    return Math.max(this.#openedAt + minOutageIntervalMs, soonest) - performance.now()
  }

  #search(): Course & Prepared {
    const { options } = this.#context
    const timeoutMs = Math.max(1, Math.min(options.timeoutMs, this.#leftMs()))
    return startCourse(prepare(options, 'readLogs', { ...this.#settings.request, timeoutMs }))
  }

  #heard(url: string): void {
    this.#heardAt = performance.now()
    this.#isOutage = false
    answered(this.#context.failover, url)
    this.#context.liveness.heard(url)
    this.#settings.used()
  }

  /** Looks for the next stream, at another coordinator first. */
  #broke(url: string, error: unknown, isHeard: boolean): void {
    const isBroken = error instanceof BrokenStreamError
    const { message } = isBroken ? error : describeNetworkError(error)
    this.#course = this.#search()
    this.#course.progress.asked.add(url)
    if (isBroken) remember(this.#course, url, 200, { kind: 'foreign', message, next: 'other' })
    else this.#course.failures.set(url, { url, message })
    failed(this.#context.failover, this.#course.progress, url, performance.now(), {
      countsAgainst: true,
      exclude: isBroken,
    })
    const isLong = performance.now() - this.#heardAt >= this.#context.options.timeoutMs
    if (!isHeard && isLong) this.#outage(givingUp(this.#course))
  }

  /** Tells of an outage once. Throws its error when it lasted for too long to ask again. */
  #outage(error: SkyclawError): void {
    if (this.#leftMs() <= minOutageIntervalMs) throw error
    if (this.#isOutage) return
    this.#isOutage = true
    this.#settings.onOutage(error)
  }

  /** Milliseconds until an outage, were it one, has lasted for too long. */
  #leftMs(): number {
    return this.#heardAt + this.#settings.maxOutageMs - performance.now()
  }
}
