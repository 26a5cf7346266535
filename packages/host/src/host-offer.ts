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
  /** Milliseconds after which one that does not answer any more is looked at again, before it is offered no longer; default 5,000. */
  readonly doubtMs?: number
  /** Milliseconds that the start waits for the first look; what it finds later is offered then. Default 1,500. */
  readonly firstLookMs?: number
  /** Milliseconds that one look may take; default 15,000. */
  readonly lookMs?: number
}

/** What only a process can do, for which the sandbox is needed that was asked for. */
const inSandbox = new Set(['shell', 'openclaw'])

/** What a host offers, which changes when its OpenClaw comes, goes or is upgraded, and when its sandbox works or does not. */
export class HostOffer {
  /** Resolves when it is looked at no more, and what was started for that has ended. */
  readonly closed: Promise<void>
  readonly #context: RunContext
  readonly #options: OfferOptions
  #look: OpenclawLook | undefined
  /** Why jobs cannot be put into the sandbox. */
  #sandboxTrouble: string | undefined
  #inDoubt = false
  #current: Offer
  #changed = new AbortController()
  #warned = new Set<string>()

  private constructor(context: RunContext, options: OfferOptions, first: PromiseWithResolvers<void>) {
    this.#context = context
    this.#options = options
    this.#sandboxTrouble = context.sandbox.check && 'it has not been tried yet'
    this.#current = this.#offer({ reason: 'openclaw --version has not answered yet' })
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
    const { capabilities, signal, lookMs } = this.#options
    const { sandbox } = this.#context
    const wanted = wantsOpenclaw(capabilities)
    do {
      this.#sandboxTrouble = await sandbox.check?.()
      if (signal.aborted) break
      const look = wanted ? await this.#lookAtOpenclaw(lookMs) : undefined
      if (signal.aborted) break
      this.#take(look)
      looked()
      if (!wanted && !sandbox.check) break
    } while (await rest(this.#nextLookMs(wanted), signal))
    looked()
  }

  #nextLookMs(wanted: boolean): number {
    const { lookEveryMs = 600_000, missingEveryMs = 60_000, doubtMs = 5_000 } = this.#options
    if (this.#inDoubt) return doubtMs
    return this.#isAllThere(wanted) ? lookEveryMs : missingEveryMs
  }

  /** Whether nothing is missed that may come by itself. */
  #isAllThere(wanted: boolean): boolean {
    const hasOpenclaw = this.#look !== undefined && 'version' in this.#look
    return this.#sandboxTrouble === undefined && (hasOpenclaw || !wanted)
  }

  async #lookAtOpenclaw(lookMs: number | undefined): Promise<OpenclawLook> {
    if (this.#sandboxTrouble !== undefined) return { reason: this.#sandboxTrouble }
    const { signal } = this.#options
    return lookAtOpenclaw(this.#context, { signal, ...(lookMs !== undefined && { timeoutMs: lookMs }) })
  }

  #take(look: OpenclawLook | undefined): void {
    const before = this.#look
    this.#look = look
    // While it is upgraded it is not there, and on a busy machine it is slow to answer: it is looked at again before that counts.
    this.#inDoubt = before !== undefined && 'version' in before && look !== undefined && 'reason' in look
    if (this.#inDoubt) return
    const { warnings } = this.#find(look)
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
    return { capabilities: this.#find(look).capabilities, labels: offeredLabels(this.#options.labels, look) }
  }

  /** A job is not run without the sandbox that was asked for: what would only be refused is not offered, so that others take it. */
  #find(look: OpenclawLook | undefined): { capabilities: string[]; warnings: string[] } {
    const found = offeredCapabilities(this.#options.capabilities, this.#context.policy, look)
    if (this.#sandboxTrouble === undefined) return found
    const warning = `shell and openclaw are not offered, because jobs run in the sandbox only: ${this.#sandboxTrouble}`
    return { capabilities: found.capabilities.filter((name) => !inSandbox.has(name)), warnings: [warning] }
  }
}
