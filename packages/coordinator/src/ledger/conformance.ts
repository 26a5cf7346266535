/**
 * What every implementation of the ledger port must do, as cases that any test runner can run:
 *
 *     for (const { name, run } of ledgerConformance) test(name, () => run(create))
 *
 * `create` opens an empty ledger on a clock that only the case moves. A case rejects with an AssertionError when the ledger fails it.
 */
import type { Clock } from '../clock.ts'
import type { Ledger } from './ledger.ts'
import { changeCases } from './conformance/change-cases.ts'
import { claimCases } from './conformance/claim-cases.ts'
import { keyCases } from './conformance/key-cases.ts'
import { knowledgeCases } from './conformance/knowledge-cases.ts'

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  #monotonic = 0

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }

  /** Sets the wall clock forward or back, as people and NTP do; no time passes. */
  jump(ms: number): void {
    this.#now += ms
  }
}

export interface LedgerHarness {
  readonly ledger: Ledger
  readonly clock: ManualClock
  /** Ends the ledger as a crash would, and opens it again on what was durable. */
  readonly crash: () => Promise<LedgerHarness>
  readonly close: () => Promise<void>
}

export type CreateLedger = () => Promise<LedgerHarness>

export interface ConformanceCase {
  /** The sentence that must hold. */
  readonly name: string
  readonly run: (create: CreateLedger) => Promise<void>
}

export const ledgerConformance: readonly ConformanceCase[] = [
  ...changeCases,
  ...keyCases,
  ...claimCases,
  ...knowledgeCases,
].map(({ name, run }) => ({
  name,
  async run(create) {
    const harness = await create()
    const opened = [harness]
    const crash = async (from: LedgerHarness): Promise<LedgerHarness> => {
      const next = await from.crash()
      opened.push(next)
      return next
    }
    try {
      await run(harness, () => crash(opened.at(-1)!))
    } finally {
      await opened.at(-1)!.close()
    }
  },
}))
