import { isDeepStrictEqual } from 'node:util'
import { type Offer, offeredCapabilities, offeredLabels, wantsOpenclaw } from './capabilities.ts'
import { lookAtOpenclaw, type OpenclawLook } from './openclaw-version.ts'
import { rest } from './retry.ts'
import type { RunContext } from './run/run-context.ts'

export interface OfferOptions {
  readonly capabilities: readonly string[] | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Ends the looks. */
  readonly signal: AbortSignal
  /** Milliseconds between two looks at an OpenClaw that answers; default 600,000. */
  readonly lookEveryMs?: number
  /** Milliseconds between two looks for one that is missing or does not answer; default 60,000. */
  readonly missingEveryMs?: number
  /** Milliseconds that the start waits for the first look; what it finds later is offered then. Default 1,500. */
  readonly firstLookMs?: number
  /** Milliseconds that one look may take; default 15,000. */
  readonly lookMs?: number
}

/** What a host offers, which changes when its OpenClaw comes, goes or is upgraded. */
export class HostOffer {
  /** Resolves when it is looked at no more, and what was started for that has ended. */
  readonly closed: Promise<void>
  readonly #context: RunContext
  readonly #options: OfferOptions
  #look: OpenclawLook | undefined
  #current: Offer
  #changed = new AbortController()
  #warned = new Set<string>()

  private constructor(context: RunContext, options: OfferOptions, first: PromiseWithResolvers<void>) {
    this.#context = context
    this.#options = options
    this.#current = this.#offer({ reason: 'openclaw --version has not answered yet', mayPass: true })
    this.closed = this.#watch(first.resolve)
  }

  /** Looks at what there is for the first time, and goes on until `signal` is aborted. */
  static async open(context: RunContext, options: OfferOptions): Promise<HostOffer> {
    const first = Promise.withResolvers<void>()
    const offer = new HostOffer(context, options, first)
    const enough = new AbortController()
    await Promise.race([first.promise, rest(options.firstLookMs ?? 1_500, enough.signal)])
    enough.abort()
    return offer
  }

  get current(): Offer {
    return this.#current
  }

  /** Aborted when something else is offered than `current` said when it was asked for. */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  async #watch(looked: () => void): Promise<void> {
    const { capabilities, signal, lookEveryMs = 600_000, missingEveryMs = 60_000, lookMs } = this.#options
    if (!wantsOpenclaw(capabilities)) this.#take(undefined)
    else {
      do {
        const look = await lookAtOpenclaw(this.#context, { signal, ...(lookMs !== undefined && { timeoutMs: lookMs }) })
        if (signal.aborted) break
        this.#take(look)
        looked()
      } while (await rest(this.#look && 'version' in this.#look ? lookEveryMs : missingEveryMs, signal))
    }
    looked()
  }

  #take(look: OpenclawLook | undefined): void {
    const before = this.#look
    this.#look = look
    // On a machine that is busy for a while OpenClaw is slow to answer: that is looked at again before it counts.
    if (before && 'version' in before && look && 'reason' in look && look.mayPass) return
    const { capabilities: configured } = this.#options
    const { warnings } = offeredCapabilities(configured, this.#context.policy, look)
    for (const warning of warnings.filter((text) => !this.#warned.has(text))) this.#context.log.warn(warning)
    this.#warned = new Set(warnings)
    const offer = this.#offer(look)
    if (isDeepStrictEqual(offer, this.#current)) return
    this.#current = offer
    const changed = this.#changed
    this.#changed = new AbortController()
    changed.abort()
  }

  #offer(look: OpenclawLook | undefined): Offer {
    const { capabilities: configured, labels } = this.#options
    const { capabilities } = offeredCapabilities(configured, this.#context.policy, look)
    return { capabilities, labels: offeredLabels(labels, look) }
  }
}
