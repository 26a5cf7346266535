import type { Version } from '@skyclaw/protocol'

/** Orders two versions of one record: negative when `a` is older, 0 when they are the same. */
export function compareVersions(a: Version, b: Version): number {
  if (a.generation !== b.generation) return a.generation - b.generation
  if (a.ballot.n !== b.ballot.n) return a.ballot.n - b.ballot.n
  if (a.ballot.node === b.ballot.node) return 0
  return a.ballot.node < b.ballot.node ? -1 : 1
}
