import type { LogFolder, LogName } from '@skyclaw/output-log'
import { isTerminal } from '@skyclaw/protocol'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { jobKey } from '../ledger/record-key.ts'

/** Logs looked at in one round: each costs a look at the job's record. */
const logsPerRound = 2_000

/** Logs removed before others get their turn at the disk. */
const removedInARow = 100

/** Keeps the disk that logs take within bounds. */
export class LogPruner {
  readonly #folder: LogFolder
  readonly #ledger: Ledger
  readonly #maxBytes: number
  readonly #log: Log
  /** Logs whose job was not known in the round before. */
  #unknown = new Set<string>()
  #next = 0

  constructor(folder: LogFolder, ledger: Ledger, maxBytes: number, log: Log) {
    this.#folder = folder
    this.#ledger = ledger
    this.#maxBytes = maxBytes
    this.#log = log
  }

  /**
   * Removes logs of jobs that are forgotten. One that was not known twice in succession is: a coordinator that has just started may not
   * have learned of it yet. `isReady` says whether it has caught up.
   */
  async pruneForgotten(isReady: boolean, closing: AbortSignal): Promise<void> {
    const names = this.#folder.list()
    if (!isReady || names.length === 0) return
    if (this.#next >= names.length) this.#next = 0
    const looked = names.slice(this.#next, this.#next + logsPerRound)
    this.#next += logsPerRound
    const unknown = new Set<string>()
    for (const name of looked) {
      if (closing.aborted) return
      if (await this.#ledger.read(jobKey(name.jobId), { locally: true })) continue
      const label = `${name.jobId} ${name.attempt}`
      if (this.#unknown.has(label)) await this.#folder.remove(name)
      else unknown.add(label)
    }
    // Those of other parts of the list wait until it is their turn again.
    for (const { jobId, attempt } of looked) this.#unknown.delete(`${jobId} ${attempt}`)
    this.#unknown = new Set([...this.#unknown, ...unknown].slice(-logsPerRound * 2))
  }

  /**
   * Removes the oldest logs while all together take more than they may: those that are complete first, then those that never will be,
   * since their job has ended. Logs of running jobs stay; they are bounded each.
   */
  async pruneExcess(closing: AbortSignal): Promise<void> {
    const before = this.#folder.storedBytes
    if (before <= this.#maxBytes) return
    await this.#removeWhile(closing, async (name) => (await this.#folder.find(name))?.closed === true)
    await this.#removeWhile(closing, async ({ jobId }) => {
      const job = await this.#ledger.read(jobKey(jobId), { locally: true })
      return job !== null && isTerminal(job.status)
    })
    const fields = { freedBytes: before - this.#folder.storedBytes, logBytes: this.#folder.storedBytes }
    if (fields.freedBytes > 0)
      this.#log.info(fields, `logs took more than ${this.#maxBytes} bytes: the oldest were removed`)
  }

  async #removeWhile(closing: AbortSignal, may: (name: LogName) => Promise<boolean>): Promise<void> {
    let removed = 0
    for (const name of this.#folder.list()) {
      if (closing.aborted || this.#folder.storedBytes <= this.#maxBytes) return
      if (!(await may(name))) continue
      await this.#folder.remove(name)
      removed += 1
      if (removed % removedInARow === 0) await new Promise(setImmediate)
    }
  }
}
