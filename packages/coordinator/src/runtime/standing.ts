import { type CounterName, prepareCounters, type Store } from '@skyclaw/store'
import type { Log } from '../log.ts'
import type { Step } from '../mesh/mesh.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Driver } from './driver.ts'

export interface StandingOptions {
  readonly options: Pick<ResolvedOptions, 'peerUrls' | 'minReplications' | 'minReplicationsAlone'>
  readonly store: Store
  readonly log: Log
}

/** What outlives the process of this coordinator's place among others: whether it ever had one, and which incarnation it gave itself. */
export class Standing {
  readonly #options: StandingOptions
  readonly #counters: ReturnType<typeof prepareCounters>
  #peered: boolean
  #incarnation: number
  #driver: Driver | undefined

  constructor(options: StandingOptions) {
    this.#options = options
    this.#counters = prepareCounters(options.store.db)
    this.#peered = this.#counters.read('peered') === 1
    this.#incarnation = this.#counters.read('incarnation')
  }

  /** The latest that was written down. */
  get incarnation(): number {
    return this.#incarnation
  }

  /** Whether this coordinator was given no other one, and none that can keep records has ever joined it. */
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

  /**
   * Takes over what the membership came to be. One that joined counts when it has caught up: until then it can keep nothing, and a lone
   * coordinator must not refuse work for as long as that takes.
   *
   * @param canKeep whether another one is there that has caught up
   */
  note(incarnation: number, canKeep: boolean): void {
    if (incarnation !== this.#incarnation) {
      this.#incarnation = incarnation
      void this.#save('incarnation', incarnation)
    }
    if (this.#peered || !canKeep) return
    const wasStandalone = this.standalone
    this.#peered = true
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

  /**
   * Resolves when it is durable, or cannot be made so: then it is found out again after a restart. Proposals that follow from it, such as
   * those that need more disks from now on, leave after that.
   */
  async #save(name: CounterName, value: number): Promise<void> {
    const input = (step: Step) => {
      step.hold()
      this.#counters.save(name, value)
    }
    await this.#driver?.run(input).catch(() => undefined)
  }
}
