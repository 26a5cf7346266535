import { type LedgerRecord, ProblemError } from '@skyclaw/protocol'
import type { ChangeResult } from '../mesh/mesh.ts'
import { quorum } from '../mesh/replica-set.ts'
import type { MeshStore } from '../mesh/store.ts'
import type { Calls } from './calls.ts'
import { recordRules } from './record-rules.ts'

/** Records that are taken over at once. */
const recordsAtOnce = 100

/**
 * Takes over records that were restored, and on which nobody can agree any more since their replicas are no members: begins a new epoch
 * of each on the coordinators that live now. What has ended never changes, and stays as it is. Answers how many; rejects, after it has
 * tried all, with the first failure: the same again goes on from there.
 *
 * @param isMember whether an instance may take part, dead ones too: they may return. Those whose database is gone cannot
 */
export async function adopt(
  calls: Calls,
  store: Pick<MeshStore, 'known'>,
  keys: readonly string[],
  isMember: (instance: string) => boolean,
): Promise<number> {
  const orphaned = keys.filter((key) => {
    const known = store.known(key)
    return known !== undefined && !recordRules.isFinal(known.value) && !hasQuorum(known, isMember)
  })
  let adopted = 0
  let failure: Error | undefined
  for (let start = 0; start < orphaned.length; start += recordsAtOnce) {
    const group = orphaned.slice(start, start + recordsAtOnce)
    const begun = await calls.run((step, mesh) =>
      group.map((key) => calls.expect<ChangeResult>((answer) => mesh.adopt(step, key, answer))),
    )
    for (const result of await Promise.all(begun)) {
      if (result.ok) adopted += 1
      else failure ??= result.error
    }
  }
  if (failure) throw asUnfinished(failure, adopted, orphaned.length)
  return adopted
}

function hasQuorum({ set, moved }: LedgerRecord, isMember: (instance: string) => boolean): boolean {
  const standing = moved ?? set
  return standing.replicas.filter(isMember).length >= quorum(standing)
}

function asUnfinished(failure: Error, adopted: number, all: number): Error {
  if (!(failure instanceof ProblemError)) return failure
  const { code, message } = failure
  return new ProblemError(code, `took over ${adopted} of ${all} records, then: ${message}`, { outcome: 'unknown' })
}
