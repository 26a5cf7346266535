import type { ReplicaSet } from '@skyclaw/protocol'
import { baseOf } from '../../packages/coordinator/src/ledger/record-key.ts'
import { holdersNeeded, nextTerm, orderBallots, orderTerms, setName } from './history/order.ts'
import type { World } from './world/world.ts'

/**
 * What is still wrong when faults have stopped: sentences that must all come to be false within a bounded time. Each names a record or
 * a coordinator.
 */
export function unsettled(world: World): string | undefined {
  return (
    notReady(world) ??
    apart(world) ??
    disagreement(world) ??
    openJob(world) ??
    orphan(world) ??
    weakSet(world) ??
    unresolvedTwin(world) ??
    busy(world)
  )
}

function notReady({ machines }: World): string | undefined {
  const machine = machines.find(({ isUp, process }) => !isUp || !process!.mesh.status().ready)
  return machine && `${machine.name} is not up and ready`
}

/** All work with all that run, and with nobody else. */
function apart({ machines }: World): string | undefined {
  for (const { member } of machines) {
    const trouble = member.trouble()
    if (trouble) return trouble
  }
  return undefined
}

/** All know the same values. What has ended may be pruned by one before the other. */
function disagreement(world: World): string | undefined {
  const { history } = world
  for (const [key, record] of history.records) {
    const { content, final } = record.tip
    if (content === 0 || record.mayBeForgotten) continue
    for (const { name, mirror } of world.machines) {
      const known = mirror.known.get(key)
      if (!known) return `${name} does not know ${key}`
      if (history.contents.idOf(known.value) !== content) return `${name} knows an older value of ${key}`
      const latest = record.latest()!
      if (!final && orderTerms(nextTerm(known), latest.term) !== 0) return `${name} does not know that ${key} has moved`
    }
  }
  return undefined
}

/** Every job that some host can run is run. */
function openJob({ history }: World): string | undefined {
  for (const [key, record] of history.records) {
    const value = history.contents.valueOf(record.tip.content)
    if (value?.kind === 'job' && !record.tip.final) return `${key} is still ${value.status}`
  }
  return undefined
}

/** A value that is accepted and not learned. One whose replicas' disks are lost stays so for good: no quorum can tell whether it was chosen. */
function orphan(world: World): string | undefined {
  for (const { name, mirror } of world.machines) {
    for (const [key, row] of mirror.registers) {
      if (!hasQuorum(world, row.set)) continue
      const known = mirror.known.get(key)
      const ahead = !known || orderTerms(row, known.version) > 0 || orderBallots(row.accepted, known.version.ballot) > 0
      if (row.accepted && ahead && orderTerms(row, known ? nextTerm(known) : row) >= 0) {
        return `${name} holds a value of ${key} that it never learned`
      }
    }
    for (const key of mirror.unlearned) {
      if (hasQuorum(world, mirror.registers.get(key)!.set)) return `${name} counts ${key} as not learned`
    }
  }
  return undefined
}

/** What can still change is kept by as many live coordinators as there can be. */
function weakSet(world: World): string | undefined {
  const live = world.machines.length
  for (const [key, record] of world.history.records) {
    const latest = record.latest()
    if (!latest || record.tip.final) continue
    const { replicas, m } = latest.set
    const kept = replicas.filter((id) => world.isCurrent(id)).length
    const wanted = Math.min(2 * world.newMinimum - 1, live)
    // A lost replica stays in the set while nobody can take its place.
    if (m === world.newMinimum && kept >= wanted && (kept === replicas.length || kept === live)) continue
    return `${key} is kept by ${kept} of ${setName(latest.set)}, and should be by ${wanted} with M = ${world.newMinimum}`
  }
  return undefined
}

/** Of jobs with one base at most one stands; the others name it, or had begun when they met. */
function unresolvedTwin({ history }: World): string | undefined {
  const standing = new Map<string, string>()
  for (const [key, record] of history.records) {
    const base = baseOf(key)
    const value = history.contents.valueOf(record.tip.content)
    if (base === undefined || value?.kind !== 'job' || record.tip.final) continue
    const other = standing.get(base)
    if (other !== undefined) return `${key} and ${other} are twins, and none has given way`
    standing.set(base, key)
  }
  return undefined
}

function hasQuorum(world: World, set: ReplicaSet): boolean {
  return set.replicas.filter((id) => world.isCurrent(id)).length >= holdersNeeded(set)
}

/** What the coordinators themselves count agrees with it. */
function busy(world: World): string | undefined {
  for (const { name, process, mirror } of world.machines) {
    const hopeless = [...mirror.unlearned].filter((key) => !hasQuorum(world, mirror.registers.get(key)!.set)).length
    const { orphans, unresolvedTwins } = process!.mesh.status()
    if (orphans > hopeless || unresolvedTwins > 0) {
      return `${name} has ${orphans} orphans and ${unresolvedTwins} twins left`
    }
  }
  return undefined
}
