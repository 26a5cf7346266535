import type { PeerView, ReplicationView, ResponseOf, Routes, SelfView } from '@skyclaw/protocol'
import type { Paint, Style } from './style.ts'
import { renderFields, renderTable } from './table.ts'
import { renderAge, renderDuration } from './time.ts'

type NetworkView = ResponseOf<Routes['listPeers']>

interface Row extends PeerView {
  readonly self?: true
}

/** A table of coordinators, the one that answered first, and below it how well the records are kept. */
export function renderNetwork({ self, peers }: NetworkView, nowMs: number, style: Style): string {
  // Those that nobody knows come last: no name holds a tilde.
  const name = ({ nodeId, url }: PeerView): string => nodeId ?? `~${url}`
  const sorted = peers.toSorted((one, other) => (name(one) < name(other) ? -1 : 1))
  const rows: Row[] = [{ ...self, self: true }, ...sorted]
  const table = renderTable<Row>(
    [
      { title: 'NAME', text: ({ nodeId }) => nodeId ?? '-' },
      {
        title: 'STATE',
        text: (row) => stateOf(row, peers),
        paint: ({ state }) => paintState(state, style),
      },
      { title: 'URL', text: ({ url }) => url || '-' },
      // What was so when a coordinator was last heard says nothing of now.
      { title: 'READY', text: ({ ready, state }) => (isGone(state) ? '-' : readiness(ready)), dispensable: 5 },
      { title: 'LAG', text: ({ lag, state }) => (isGone(state) ? '-' : (lag?.toString() ?? '-')), dispensable: 4 },
      {
        title: 'ROUND TRIP',
        text: ({ roundTripMs, state }) =>
          isGone(state) || roundTripMs === undefined ? '-' : renderDuration(roundTripMs),
        dispensable: 2,
      },
      {
        title: 'SEEN',
        text: (row) => (row.self ? 'now' : row.lastSeenAt === undefined ? 'never' : renderAge(row.lastSeenAt, nowMs)),
        dispensable: 3,
      },
      { title: 'INSTANCE', text: ({ instance }) => instance ?? '-', dispensable: 1 },
    ],
    rows,
    style,
  )
  return table + renderReplication(self, style)
}

/** Whether a coordinator is configured, and nothing more is known of it. */
export function neverHeard({ instance, lastSeenAt }: PeerView): boolean {
  return instance === undefined && lastSeenAt === undefined
}

/** Whether another instance lives where this one was: its database is gone from there. */
export function isReplaced({ state, url, instance, lastSeenAt }: PeerView, peers: readonly PeerView[]): boolean {
  if (state === 'alive') return false
  return peers.some((other) => {
    if (other.url !== url || other.instance === undefined || other.instance === instance) return false
    return other.state === 'alive' || (other.lastSeenAt ?? '') > (lastSeenAt ?? '')
  })
}

function isGone(state: PeerView['state']): boolean {
  return state === 'dead'
}

function readiness(ready: boolean | undefined): string {
  if (ready === undefined) return '-'
  return ready ? 'yes' : 'no'
}

function stateOf(row: Row, peers: readonly PeerView[]): string {
  if (row.self) return 'answers'
  if (neverHeard(row)) return 'unknown'
  return isReplaced(row, peers) ? 'replaced' : row.state
}

function paintState(state: PeerView['state'], style: Style): Paint {
  if (state === 'alive') return style.green
  return state === 'suspect' ? style.yellow : style.red
}

function renderReplication({ replication }: SelfView, style: Style): string {
  if (replication === undefined) return ''
  const { minReplications, live, belowMinimum, underReplicated, orphans, unresolvedTwins }: ReplicationView =
    replication
  return `\n${renderFields(
    [
      ['live coordinators', `${live}, of which ${minReplications} must hold a change`],
      ['records below that', String(belowMinimum)],
      ['records to spread', String(underReplicated)],
      ['orphans', String(orphans)],
      ['unresolved twins', String(unresolvedTwins)],
    ],
    style,
  )}`
}
