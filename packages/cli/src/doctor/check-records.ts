import { type Finding, note, ok, problemOf } from './finding.ts'
import type { Answer, NetworkView } from './look.ts'

/** Records that a coordinator can be behind without anything being wrong. */
const lagRecords = 1_000

/** Whether knowledge travels, and the records are kept by as many as they should be. */
export function checkRecords(answers: readonly Answer[]): Finding[] {
  const views = answers.flatMap(({ view }) => view ?? [])
  return views.flatMap((view) => [...checkLag(view), ...checkReplication(view)])
}

function checkLag({ self, peers }: NetworkView): Finding[] {
  if (self.ready === false) {
    const remedy = 'wait; if it stays so, its log says which peer it cannot read from'
    return [problemOf('lag', `${self.nodeId} has not caught up with its peers yet`, remedy)]
  }
  const behind = peers.flatMap(({ state, lag = 0, nodeId, url }) => {
    if (state !== 'alive' || lag === 0) return []
    const message = `${self.nodeId} is ${counted(lag, 'record', 'records')} behind ${nodeId ?? url}`
    if (lag <= lagRecords) return note('lag', message)
    return problemOf('lag', message, `wait; if it grows, ${self.nodeId} is too busy, or its disk or network too slow`)
  })
  if (behind.length > 0 || self.ready === undefined) return behind
  return [ok('lag', `${self.nodeId} has caught up`)]
}

function checkReplication({ self: { nodeId, replication } }: NetworkView): Finding[] {
  if (!replication) return []
  const { belowMinimum, underReplicated, orphans, unresolvedTwins, twinsPossible } = replication
  const findings: Finding[] = []
  if (belowMinimum > 0) {
    findings.push(
      problemOf(
        'records',
        `${nodeId}: ${counted(belowMinimum, 'record has', 'records have')} fewer live coordinators than must hold a change, and cannot be changed`,
        'start the coordinators that are down; when their disks are lost for good, take a backup and restore it: those that live take the records over',
      ),
    )
  } else if (underReplicated > 0) {
    const message = `${nodeId}: ${counted(underReplicated, 'record is', 'records are')} kept by fewer coordinators than they could be`
    findings.push(
      note(
        'records',
        message,
        'what can still change is spread by and by; at the latest when a missing coordinator has been down for the repair time',
      ),
    )
  }
  if (orphans > 0) {
    const message = `${nodeId}: ${counted(orphans, 'change was', 'changes were')} begun, and nobody knows yet the outcome`
    findings.push(
      problemOf('orphans', message, 'they are settled as soon as most coordinators of their records are up'),
    )
  }
  if (unresolvedTwins > 0) {
    const message = `${nodeId}: two jobs each under ${counted(unresolvedTwins, 'idempotency key', 'idempotency keys')}`
    const remedy = 'one of each is cancelled when the coordinators of both are up; until then both may run'
    findings.push(problemOf('twins', message, remedy))
  }
  if (twinsPossible > 0) {
    const message = `${nodeId}: ${counted(twinsPossible, 'job', 'jobs')} with an idempotency key made since its start while some coordinators could not be asked`
    findings.push(note('twins', message, 'if one was made twice, both are found and one is cancelled'))
  }
  if (findings.length === 0)
    findings.push(ok('records', `${nodeId}: every record that can change is kept as it should be`))
  return findings
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
