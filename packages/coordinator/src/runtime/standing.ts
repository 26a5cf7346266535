import { type CounterName, prepareCounters, type Store } from '@skyclaw/store'
import type { Log } from '../log.ts'
import type { Membership } from '../network/membership.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Driver } from './driver.ts'

export interface StandingOptions {
  readonly options: Pick<ResolvedOptions, 'peerUrls' | 'minReplications' | 'minReplicationsAlone'>
  readonly store: Store
  readonly log: Log
  /** Whether earlier processes knew of other coordinators. */
  readonly hadMembers: boolean
}

/** What outlives the process of this coordinator's place among others: whether it ever had one, and which incarnation it gave itself. */
export class Standing {
  readonly #options: StandingOptions
  readonly #counters: ReturnType<typeof prepareCounters>
  #peered: boolean
  #isWritten: boolean
  #incarnation: number
  #driver: Driver | undefined

  constructor(options: StandingOptions) {
    this.#options = options
    this.#counters = prepareCounters(options.store.db)
    this.#isWritten = this.#counters.read('peered') === 1
    this.#peered = this.#isWritten || options.hadMembers
    this.#incarnation = this.#counters.read('incarnation')
  }

  /** The latest that was written down. */
  get incarnation(): number {
    return this.#incarnation
  }

  /** Whether this coordinator was given no other one, and none has ever joined it. */
  get standalone(): boolean {
    return !this.#peered && this.#options.options.peerUrls.length === 0
  }

  /** M now in force. */
  get minReplications(): number {
    const { minReplications, minReplicationsAlone } = this.#options.options
    return this.standalone ? minReplicationsAlone : minReplications
  }

  /** To be called before anything is noted. */
  open(driver: Driver): void {
    this.#driver = driver
  }

  /** Takes over what the membership came to be. */
  note({ incarnation, hasPeers }: Pick<Membership, 'incarnation' | 'hasPeers'>): void {
    if (incarnation !== this.#incarnation) {
      this.#incarnation = incarnation
      void this.#save('incarnation', incarnation)
    }
    if (this.#isWritten || !(hasPeers || this.#peered)) return
    const wasStandalone = this.standalone
    this.#peered = true
    this.#isWritten = true
    void this.#save('peered', 1)
    if (!wasStandalone) return
    const { minReplications } = this
    const message = `no longer standalone: from now on a change is acknowledged when ${minReplications} coordinators have it`
    this.#options.log.info({ minReplications, standalone: false }, message)
  }

  /** Writes down that the others were told to forget this instance, so that it does not start under its id again. */
  async noteForgotten(): Promise<void> {
    await this.#save('forgotten', 1)
  }

  /** Resolves when it is durable, or cannot be made so: then it is found out again after a restart. */
  async #save(name: CounterName, value: number): Promise<void> {
    await this.#driver?.run(() => this.#counters.save(name, value)).catch(() => undefined)
  }
}
