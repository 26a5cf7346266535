import type { Host } from '@skyclaw/protocol'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { renderAge } from './time.ts'

/** A table of hosts. */
export function renderHosts(hosts: readonly Host[], nowMs: number, style: Style): string {
  return renderTable(
    [
      { title: 'ID', text: ({ id }) => id },
      { title: 'NAME', text: ({ name }) => name },
      {
        title: 'STATE',
        text: ({ live }) => (live ? 'live' : 'lost'),
        paint: ({ live }) => (live ? style.green : style.red),
      },
      { title: 'JOBS', text: ({ activeLeases, maxParallel }) => `${activeLeases}/${maxParallel}`, dispensable: 3 },
      { title: 'HEARD', text: ({ lastSeenAt }) => renderAge(lastSeenAt, nowMs), dispensable: 2 },
      { title: 'CAPABILITIES', text: ({ capabilities }) => capabilities.join(',') || '-' },
      {
        title: 'LABELS',
        dispensable: 1,
        text: ({ labels }) =>
          Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
      },
    ],
    hosts,
    style,
  )
}
