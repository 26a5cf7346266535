import type { Ballot, LedgerRecord } from '@skyclaw/protocol'
import type { Register } from '../../../packages/coordinator/src/mesh/store.ts'
import { orderBallots, type Term, termName } from './order.ts'

/** One write of the mesh to its store. */
export type DiskWrite =
  | { readonly kind: 'register'; readonly key: string; readonly row: Register; readonly unlearned: boolean }
  | { readonly kind: 'register_dropped'; readonly key: string }
  | { readonly kind: 'known'; readonly key: string; readonly record: LedgerRecord }
  | { readonly kind: 'known_dropped'; readonly key: string }
  | { readonly kind: 'counter'; readonly name: string; readonly value: number }

/** What a register has promised and accepted since it was made, in one term. */
interface Past {
  promised: Ballot | null
  readonly accepted: Ballot[]
}

/** What one database holds, as far as its turns were committed. */
export class DiskMirror {
  readonly registers = new Map<string, Register>()
  readonly unlearned = new Set<string>()
  readonly known = new Map<string, LedgerRecord>()
  readonly counters = new Map<string, number>()
  /** Registers dropped by the last commit. */
  readonly dropped = new Set<string>()
  readonly #pasts = new Map<string, Map<string, Past>>()

  /** The highest ballot that a register has promised. */
  promised(key: string, term: Term): Ballot | null {
    return this.#pasts.get(key)?.get(termName(term))?.promised ?? null
  }

  /** The highest ballot below another that a register has accepted. */
  acceptedBelow(key: string, term: Term, ballot: Ballot): Ballot | null {
    const accepted = this.#pasts.get(key)?.get(termName(term))?.accepted ?? []
    return accepted.findLast((held) => orderBallots(held, ballot) < 0) ?? null
  }

  apply(write: DiskWrite): void {
    if (write.kind === 'register') this.#put(write.row, write.unlearned)
    else if (write.kind === 'register_dropped') {
      this.registers.delete(write.key)
      this.unlearned.delete(write.key)
      this.#pasts.delete(write.key)
      this.dropped.add(write.key)
    } else if (write.kind === 'known') this.known.set(write.key, write.record)
    else if (write.kind === 'known_dropped') this.known.delete(write.key)
    else this.counters.set(write.name, write.value)
  }

  #put(row: Register, unlearned: boolean): void {
    const { key } = row
    this.registers.set(key, row)
    if (unlearned) this.unlearned.add(key)
    else this.unlearned.delete(key)
    let terms = this.#pasts.get(key)
    if (!terms) this.#pasts.set(key, (terms = new Map()))
    const name = termName(row)
    let past = terms.get(name)
    if (!past) terms.set(name, (past = { promised: null, accepted: [] }))
    if (orderBallots(row.promised, past.promised) > 0) past.promised = row.promised
    if (!row.accepted) past.accepted.length = 0
    if (row.accepted && orderBallots(row.accepted, past.accepted.at(-1)) > 0) past.accepted.push(row.accepted)
  }
}
