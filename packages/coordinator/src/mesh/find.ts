import type { LedgerRecord } from '@skyclaw/protocol'
import { keep } from '../core/decision.ts'
import type { Core } from './core.ts'
import type { Findings, Inquiries } from './inquiry.ts'
import type { Knowledge } from './knowledge.ts'
import type { FindRequest, Step } from './mesh.ts'
import type { Proposer } from './proposer.ts'
import { compareTerms, compareVersions, type Place, termOf } from './version.ts'

export interface FinderParts {
  readonly core: Core
  readonly knowledge: Knowledge
  readonly inquiries: Inquiries
  readonly proposer: Proposer
}

/** Looks for records at all live coordinators, and completes those that were accepted and not yet learned. */
export class Finder {
  readonly #parts: FinderParts

  constructor(parts: FinderParts) {
    this.#parts = parts
  }

  find(step: Step, { by, text, done }: FindRequest): void {
    const { inquiries, knowledge, proposer } = this.#parts
    inquiries.ask(step, { by, text }, (later, findings) => {
      const certain = knowledge.learnFrom(later, findings)
      const keys = [...new Set(findings.holdings.map(({ holding }) => holding.key))]
      const open = this.#unlearned(findings)
      let left = open.size
      let complete = findings.complete && certain
      const end = (last: Step) => {
        const records = this.#known(keys)
        last.after(() => done({ records, complete }))
      }
      if (left === 0) return end(later)
      for (const [key, place] of open) {
        const atEnd = (last: Step, { ok }: { ok: boolean }) => {
          left -= 1
          complete &&= ok
          if (left === 0) end(last)
        }
        proposer.start(later, { key, place, decide: () => keep, atEnd })
      }
    })
  }

  /** Records of which somebody accepted more than is known here, with the register it is in. */
  #unlearned({ holdings }: Findings): Map<string, Place> {
    const { core } = this.#parts
    const open = new Map<string, Place>()
    for (const { holding } of holdings) {
      const { key, accepted } = holding
      if (!accepted) continue
      const known = core.store.known(key)
      if (known && (core.rules.isFinal(known.value) || compareVersions(accepted.version, known.version) <= 0)) continue
      const place = { ...termOf(accepted.version), set: accepted.set }
      const other = open.get(key)
      if (!other || compareTerms(place, other) > 0) open.set(key, place)
    }
    return open
  }

  #known(keys: readonly string[]): LedgerRecord[] {
    return keys.flatMap((key) => this.#parts.core.store.known(key) ?? [])
  }
}
