import type { PeerView, ReplicationView, ResponseOf, Routes, SelfView } from '@skyclaw/protocol'
import { shortInstance } from '../network/short-instance.ts'
import { isCandidate, troubleLines } from './peer-troubles.ts'
import { plainLine } from './plain-text.ts'
import type { Paint, Style } from './style.ts'
import { renderFields, renderTable } from './table.ts'
import { renderAge, renderDuration } from './time.ts'

type NetworkView = ResponseOf<Routes['listPeers']>

interface Row extends PeerView {
  readonly self?: true
}

/** A table of coordinators, the one that answered first; below it what is wrong, and how well the records are kept. */
export function renderNetwork(view: NetworkView, style: Style): string {
  const { self, peers } = view
  // Those that nobody knows come last: no name holds a tilde.
  const name = ({ nodeId, url }: PeerView): string => nodeId ?? `~${url}`
  const sorted = peers.toSorted((one, other) => (name(one) < name(other) ? -1 : 1))
  const rows: Row[] = [{ ...self, self: true }, ...sorted]
  const troubles = troubleLines(view).map((line) => `${style.yellow('!')} ${plainLine(line)}\n`)
  const lines = troubles.length > 0 ? `\n${troubles.join('')}` : ''
  return renderTable(columnsOf(view, style), rows, style) + lines + renderReplication(self, style)
}

function columnsOf({ self, peers }: NetworkView, style: Style) {
  const answeredMs = Date.parse(self.now ?? '')
  const members = [self, ...peers]
  return [
    { title: 'NAME', text: ({ nodeId, self: own }: Row) => (own ? `${nodeId} (self)` : (nodeId ?? '-')) },
    { title: 'STATE', text: stateOf, paint: (row: Row) => paintState(row, style) },
    {
      title: 'RTT',
      // What was so when a coordinator was last heard says nothing of now.
      text: (row: Row) => (isGone(row) || row.roundTripMs === undefined ? '-' : renderDuration(row.roundTripMs)),
      dispensable: 2,
    },
    { title: 'LAG', text: (row: Row) => (isGone(row) ? '-' : (row.lag?.toString() ?? '-')), dispensable: 3 },
    { title: 'VERSION', text: ({ version }: Row) => version ?? '-', dispensable: 1 },
    {
      title: 'INSTANCE',
      text: ({ instance }: Row) => (instance === undefined ? '-' : shortInstance(instance, members)),
      dispensable: 5,
    },
    {
      title: 'SEEN',
      text: ({ self: own, lastSeenAt }: Row) => {
        if (own) return 'now'
        return lastSeenAt === undefined ? 'never' : renderAge(lastSeenAt, answeredMs)
      },
      dispensable: 4,
    },
    { title: 'URL', text: ({ url }: Row) => url || '-' },
  ]
}

function isGone({ state }: PeerView): boolean {
  return state !== 'alive' && state !== 'suspect'
}

function stateOf(row: Row): string {
  if (row.troubles?.includes('unheard')) return 'unheard'
  if (isCandidate(row)) return 'unverified'
  return row.state === 'alive' && row.ready === false ? 'catching up' : row.state
}

function paintState({ state, troubles = [], ready }: Row, style: Style): Paint {
  if (state === 'forgotten' || state === 'replaced') return style.dim
  if (state === 'dead') return style.red
  return state === 'alive' && troubles.length === 0 && ready !== false ? style.green : style.yellow
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
