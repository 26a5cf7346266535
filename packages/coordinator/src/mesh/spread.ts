import type { Ballot, LedgerRecord, PeerMessage } from '@skyclaw/protocol'
import type { Core } from './core.ts'
import type { Step } from './mesh.ts'
import { roundName } from './version.ts'

/** For so long a replica that has not confirmed yet is waited for: once it has, it need not be sent the value again. */
const lingerMs = 250

interface Lingering {
  readonly record: LedgerRecord
  readonly waiting: Set<string>
  readonly until: number
}

/** Tells all live coordinators what was chosen; nobody waits for it, and what is lost is caught up with by the feed. */
export class Spread {
  readonly #core: Core
  readonly #lingering = new Map<string, Lingering>()

  constructor(core: Core) {
    this.#core = core
  }

  /** `holds`: the replicas that are known to hold the value; `may`: those that may confirm yet. */
  tell(step: Step, record: LedgerRecord, holds: (instance: string) => boolean, may: readonly string[] = []): void {
    const alive = this.#core.members.alive()
    if (alive.length === 0) return
    const waiting = new Set<string>()
    const brief = toBrief(record)
    for (const instance of alive) {
      if (holds(instance)) step.send(instance, brief)
      else if (may.includes(instance)) waiting.add(instance)
      else this.#whole(step, instance, record)
    }
    if (waiting.size === 0) return
    const name = roundName({ key: record.key, ballot: record.version.ballot })
    this.#lingering.set(name, { record, waiting, until: step.now + lingerMs })
  }

  /** A replica answered after the round was over. */
  confirmed(step: Step, instance: string, round: { key: string; ballot: Ballot }, accepted: boolean): void {
    const name = roundName(round)
    const lingering = this.#lingering.get(name)
    if (!lingering?.waiting.delete(instance)) return
    if (accepted) step.send(instance, toBrief(lingering.record))
    else this.#whole(step, instance, lingering.record)
    if (lingering.waiting.size === 0) this.#lingering.delete(name)
  }

  tick(step: Step): void {
    for (const [name, { record, waiting, until }] of this.#lingering) {
      // Later entries linger for longer.
      if (step.now < until) return
      this.#lingering.delete(name)
      for (const instance of waiting) this.#whole(step, instance, record)
    }
  }

  #whole(step: Step, to: string, record: LedgerRecord): void {
    step.send(to, { type: 'learn', key: record.key, version: record.version, record })
  }
}

function toBrief({ key, version }: LedgerRecord): PeerMessage {
  return { type: 'learn', key, version }
}
