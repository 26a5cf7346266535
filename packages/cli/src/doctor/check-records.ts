import type { ReplicationView } from '@skyclaw/protocol'
import { type Finding, note, ok, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import { isGone, namesOf, type Picture } from './picture.ts'

/** Records that a coordinator can be behind without anything being wrong. */
const lagRecords = 1_000

/** Whether knowledge travels, and the records are kept by as many as they should be. */
export function checkRecords(picture: Picture): Finding[] {
  const behind = picture.views.flatMap(checkLag)
  const caughtUp = picture.views.filter((view) => view.self.ready === true && checkLag(view).length === 0)
  const have = caughtUp.length === 1 ? 'has' : 'have'
  const fine = caughtUp.length === 0 ? [] : [ok('lag', `${namesOf(caughtUp)} ${have} caught up`)]
  return [...fine, ...behind, ...checkReplication(picture)]
}

function checkLag({ self, peers }: NetworkView): Finding[] {
  if (self.ready === false) {
    const remedy = 'wait; if it stays so, its log says which peer it cannot read from'
    return [problemOf('lag', `${self.nodeId} has not caught up with its peers yet`, remedy)]
  }
  return peers.flatMap(({ state, lag = 0, nodeId, url }) => {
    if (state !== 'alive' || lag === 0) return []
    const message = `${self.nodeId} is ${counted(lag, 'record', 'records')} behind ${nodeId ?? url}`
    if (lag <= lagRecords) return note('lag', message)
    return problemOf('lag', message, `wait; if it grows, ${self.nodeId} is too busy, or its disk or network too slow`)
  })
}

/** Each kind once, with the most that anybody sees: all see nearly the same. */
function checkReplication(picture: Picture): Finding[] {
  const { views, known } = picture
  // What those cost who are gone is said of them.
  const gone = known.some(isGone)
  const findings = [
    ...(gone ? [] : [worst(views, 'belowMinimum', belowMinimum) ?? worst(views, 'underReplicated', underReplicated)]),
    worst(views, 'orphans', orphans),
    worst(views, 'unresolvedTwins', unresolvedTwins),
    worst(views, 'twinsPossible', twinsPossible),
  ].flatMap((finding) => finding ?? [])
  if (findings.length > 0 || gone) return findings
  const told = views.filter(({ self }) => self.replication)
  if (told.length === 0) return []
  return [ok('records', `${namesOf(told)}: every record that can change is kept as it should be`)]
}

type Kind = Exclude<keyof ReplicationView, 'minReplications' | 'live' | 'rounds'>

function worst(
  views: readonly NetworkView[],
  kind: Kind,
  finding: (who: string, count: number) => Finding,
): Finding | undefined {
  const seeing = views.filter(({ self: { replication } }) => (replication?.[kind] ?? 0) > 0)
  if (seeing.length === 0) return undefined
  return finding(namesOf(seeing), Math.max(...seeing.map(({ self: { replication } }) => replication?.[kind] ?? 0)))
}

function belowMinimum(who: string, count: number): Finding {
  return problemOf(
    'records',
    `${who}: ${counted(count, 'record has', 'records have')} fewer live coordinators than must hold a change, and cannot be changed`,
    'start the coordinators that are down; for one that never returns: skyclaw peers forget NODE --accept-loss, after which those that live take the records over',
  )
}

function underReplicated(who: string, count: number): Finding {
  return note(
    'records',
    `${who}: ${counted(count, 'record is', 'records are')} kept by fewer coordinators than they could be`,
    'they are spread by and by; those of a missing coordinator when it has been dead for the repair time, or is forgotten',
  )
}

function orphans(who: string, count: number): Finding {
  const message = `${who}: ${counted(count, 'change was', 'changes were')} begun, and nobody knows yet the outcome`
  return problemOf('orphans', message, 'they are settled as soon as most coordinators of their records are up')
}

function unresolvedTwins(who: string, count: number): Finding {
  const message = `${who}: two jobs each under ${counted(count, 'idempotency key', 'idempotency keys')}`
  const remedy = 'one of each is cancelled when the coordinators of both are up; until then both may run'
  return problemOf('twins', message, remedy)
}

function twinsPossible(who: string, count: number): Finding {
  const message = `${who}: ${counted(count, 'job', 'jobs')} with an idempotency key made since its start while some coordinators could not be asked`
  return note('twins', message, 'if one was made twice, both are found and one is cancelled')
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
