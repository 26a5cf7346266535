import type { Host } from '@skyclaw/protocol'
import type { Paint, Style } from './style.ts'
import { renderFields, renderTable } from './table.ts'
import { renderAge } from './time.ts'

/** `lost` when nobody hears it, and otherwise what it does. */
export function hostState({ live, state }: Pick<Host, 'live' | 'state'>): string {
  return live ? state : 'lost'
}

function paintState(host: Host, style: Style): Paint {
  if (!host.live) return style.red
  return host.state === 'active' ? style.green : style.yellow
}

/** Everything about one host. */
export function renderHost(host: Host, nowMs: number, style: Style): string {
  return renderFields(
    [
      ['id', host.id],
      ['name', host.name],
      ['state', host.live || host.state === 'active' ? hostState(host) : `lost, and to be ${host.state}`],
      ['jobs', `${host.activeLeases} of ${host.maxParallel} at once`],
      ['heard', `${host.lastSeenAt} (${renderAge(host.lastSeenAt, nowMs)})`],
      ['registered', `${host.registeredAt} (${renderAge(host.registeredAt, nowMs)})`],
      ['capabilities', host.capabilities.join(', ') || 'none'],
      ['labels', renderLabels(host, ', ') || undefined],
    ],
    style,
  )
}

function renderLabels({ labels }: Host, separator: string): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(separator)
}

/** A table of hosts. */
export function renderHosts(hosts: readonly Host[], nowMs: number, style: Style): string {
  return renderTable(
    [
      { title: 'ID', text: ({ id }) => id },
      { title: 'NAME', text: ({ name }) => name },
      {
        title: 'STATE',
        text: hostState,
        paint: (host) => paintState(host, style),
      },
      { title: 'JOBS', text: ({ activeLeases, maxParallel }) => `${activeLeases}/${maxParallel}`, dispensable: 3 },
      { title: 'HEARD', text: ({ lastSeenAt }) => renderAge(lastSeenAt, nowMs), dispensable: 2 },
      { title: 'CAPABILITIES', text: ({ capabilities }) => capabilities.join(',') || '-' },
      {
        title: 'LABELS',
        dispensable: 1,
        text: (host) => renderLabels(host, ','),
      },
    ],
    hosts,
    style,
  )
}
