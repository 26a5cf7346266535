import { type Finding, note, problemOf } from './finding.ts'
import { hears, type Picture } from './picture.ts'

/** Whether each that is there has a name of its own, and all are of one version. */
export function checkNames({ known, views }: Picture): Finding[] {
  const named = new Map<string, string[]>()
  for (const { nodeId, url, view, opinions, doubts } of known) {
    const isThere = view !== undefined || opinions.some(hears)
    if (nodeId === undefined || !isThere || (doubts.length > 0 && opinions.length === 0)) continue
    named.set(nodeId, [...(named.get(nodeId) ?? []), url || 'without a URL'])
  }
  const conflicts = [...named].flatMap(([nodeId, urls]) => {
    if (urls.length < 2) return []
    return problemOf(
      'names',
      `${urls.length} live coordinators are called ${nodeId}: ${urls.join(' and ')}`,
      'give each a SKYCLAW_COORDINATOR_NODE_ID of its own; if one runs on a copy of the other, stop it and give it an empty SKYCLAW_DB_PATH',
    )
  })
  const alive = views.flatMap(({ self, peers }) => [self, ...peers.filter(({ state }) => state === 'alive')])
  const versions = [...new Set(alive.flatMap(({ version }) => version ?? []))].toSorted()
  if (versions.length < 2) return conflicts
  const message = `coordinators of ${versions.length} versions: ${versions.join(', ')}`
  return [...conflicts, note('versions', message, 'finish the upgrade')]
}
