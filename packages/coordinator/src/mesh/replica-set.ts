import type { ReplicaSet } from '@skyclaw/protocol'
import { hash } from 'node:crypto'

/** Replicas that must have promised before a value may be proposed. */
export function prepareQuorum({ replicas }: ReplicaSet): number {
  return Math.floor(replicas.length / 2) + 1
}

/** Replicas that must have a value on disk before it is chosen: never fewer than M, and always more than half. */
export function acceptQuorum({ replicas, m }: ReplicaSet): number {
  return Math.max(m, Math.floor(replicas.length / 2) + 1)
}

/** Replicas that must answer before a round can end well. */
export function quorum(set: ReplicaSet): number {
  return Math.max(prepareQuorum(set), acceptQuorum(set))
}

/**
 * The instances in the order in which a key prefers them: rendezvous hashing (Thaler and Ravishankar 1998), so that whoever sees the
 * same instances names the same, and one that comes or goes moves only its own share of the keys.
 */
export function rankByHash(key: string, instances: readonly string[]): string[] {
  if (instances.length < 2) return [...instances]
  const weighed = instances.map((id) => ({ id, weight: digest(`${id} ${key}`) }))
  weighed.sort((a, b) => (a.weight < b.weight ? -1 : 1))
  return weighed.map(({ id }) => id)
}

/**
 * The replica set of a new record: the best-ranked 2M - 1 of the eligible instances, or all when there are fewer. With a creator, that
 * one stands first, in the place of the last if it is not among them. Undefined when fewer than M are eligible.
 */
export function newReplicaSet(
  key: string,
  eligible: readonly string[],
  m: number,
  creator?: string,
): ReplicaSet | undefined {
  const others = creator === undefined ? eligible : eligible.filter((id) => id !== creator)
  const size = Math.min(2 * m - 1, eligible.length)
  if (size < m || (creator !== undefined && others.length === eligible.length)) return undefined
  const ranked = rankByHash(key, others)
  const replicas = creator === undefined ? ranked.slice(0, size) : [creator, ...ranked.slice(0, size - 1)]
  return { replicas, m }
}

/** The lineages asked for last: hardly any two records of a while differ in their sets. */
const lineages = new Map<string, string>()
const maxLineages = 1_000

/** Eight hexadecimal digits that stand for a replica set in the keys of records that several coordinators may create at once. */
export function lineageOf({ replicas, m }: ReplicaSet): string {
  const names = replicas.length === 1 ? replicas[0]! : replicas.toSorted().join(' ')
  const text = `${names} ${m}`
  const known = lineages.get(text)
  if (known !== undefined) return known
  const lineage = digest(text).slice(0, 8)
  if (lineages.size >= maxLineages) lineages.clear()
  lineages.set(text, lineage)
  return lineage
}

function digest(text: string): string {
  return hash('sha256', text, 'hex')
}
