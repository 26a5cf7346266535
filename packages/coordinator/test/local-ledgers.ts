import { createTurns, openStore } from '@skyclaw/store'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LedgerHarness, ManualClock } from '../src/ledger/conformance.ts'
import { LocalLedger } from '../src/ledger/local-ledger.ts'

/** Local ledgers on database files in a folder that goes with them. */
export class LocalLedgers implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'skyclaw-ledger-'))
  #files = 0

  async create(minReplications = 1): Promise<LedgerHarness> {
    this.#files += 1
    return open(join(this.#folder, `${this.#files}.db`), new ManualClock(), minReplications)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function open(dbPath: string, clock: ManualClock, minReplications: number): LedgerHarness {
  const store = openStore({ path: dbPath })
  let failure: Error | undefined
  const turns = createTurns(store, { onFatal: (error) => void (failure = error) })
  const ledger = new LocalLedger({ store, turns, clock, minReplications })
  return {
    ledger,
    clock,
    async crash() {
      store.close()
      return open(dbPath, clock, minReplications)
    },
    async close() {
      await ledger.close()
      store.close()
      if (failure) throw failure
    },
  }
}
