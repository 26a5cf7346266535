import type { Attempt, Usage } from '@skyclaw/protocol'
import { renderDuration } from './time.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** In the largest unit of which there is one: `1.5 MiB`. */
export function renderBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_023.5 && unit < units.length - 1) {
    value /= 1_024
    unit += 1
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

export function renderCpu({ usage }: Pick<Attempt, 'usage'>): string {
  return usage?.cpuMs === undefined ? '-' : renderDuration(usage.cpuMs)
}

export function renderMemory({ usage }: Pick<Attempt, 'usage'>): string {
  return usage?.peakMemoryBytes === undefined ? '-' : renderBytes(usage.peakMemoryBytes)
}

/** What it wrote to both streams together, and whether not all of it is kept. */
export function renderOutputBytes({ usage }: Pick<Attempt, 'usage'>): string {
  const bytes = outputBytes(usage)
  if (bytes === undefined) return '-'
  return `${renderBytes(bytes)}${usage?.truncated === true ? ', cut' : ''}`
}

function outputBytes({ stdoutBytes, stderrBytes }: Usage = {}): number | undefined {
  return stdoutBytes === undefined && stderrBytes === undefined ? undefined : (stdoutBytes ?? 0) + (stderrBytes ?? 0)
}
