import { limits } from '@skyclaw/protocol'
import { dropReplacedMembers, listMembers, type MemberRow, prepareMembers, type Store } from '@skyclaw/store'
import type { KnownMember, Peer } from '../network/membership.ts'
import type { ResolvedOptions } from '../options.ts'

const replacedForRepairs = 2

/** The members that earlier processes of this coordinator knew, those heard last first. */
export interface RememberedMembers {
  readonly known: readonly KnownMember[]
  /** The highest turn seen of each instance. */
  readonly turns: readonly (readonly [string, number])[]
  /** Where members may be. */
  readonly urls: readonly string[]
}

/** Reads what is kept of the members, and drops those that were replaced so long ago that they know nothing any more. */
export function recallMembers(
  { db, instanceId }: Store,
  now: number,
  options: Pick<ResolvedOptions, 'repairAfterMs'>,
): RememberedMembers {
  dropReplacedMembers(db, now - keepReplacedMs(options))
  const rows = listMembers(db)
    .filter(({ instance, nodeId }) => instance !== instanceId && nodeId !== '')
    .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
    .slice(0, limits.members)
  const there = rows.filter(({ goneAt, url, verified }) => goneAt === null && url !== '' && verified === 1)
  return {
    known: rows.map((row) => toKnown(row, now)),
    // What comes first is forgotten first, when there is no room for all.
    turns: rows.map(({ instance, turnSeen }): [string, number] => [instance, turnSeen]).toReversed(),
    urls: there.map(({ url }) => url),
  }
}

/** For so long an instance that was replaced counts as one that may know things: longer than its replicas take to be replaced. */
export function keepReplacedMs({ repairAfterMs }: Pick<ResolvedOptions, 'repairAfterMs'>): number {
  return replacedForRepairs * repairAfterMs
}

function toKnown(row: MemberRow, now: number): KnownMember {
  const { instance, nodeId, url, version, incarnation, goneAt } = row
  const forgotten = row.forgotten === 1
  const replaced = goneAt !== null && !forgotten
  return {
    ...{ instance, nodeId, url, version, incarnation, forgotten, verified: row.verified === 1 },
    ...(replaced && { replaced }),
    ...(goneAt !== null && { goneForMs: Math.max(0, now - goneAt) }),
  }
}

/** Keeps members, so that a restart needs no bootstrap peer, and an instance that was forgotten stays so. To be used within a turn. */
export class MemberRows {
  readonly #rows: ReturnType<typeof prepareMembers>
  readonly #turnOf: (instance: string) => number

  constructor({ db }: Store, turnOf: (instance: string) => number) {
    this.#rows = prepareMembers(db)
    this.#turnOf = turnOf
  }

  save({ instance, nodeId, url, version, incarnation, state, verified }: Peer, now: number): void {
    const turn = this.#turnOf(instance)
    this.#rows.see({ instance, nodeId, url, version, incarnation, turn, verified: Number(verified), now })
    if (state === 'forgotten') this.#rows.forget({ instance, now })
    else if (state === 'replaced') this.#rows.replace({ instance, now })
    else this.#rows.comeBack(instance)
  }

  feedCursor(instance: string): number {
    return this.#rows.feedCursor(instance)
  }
}
