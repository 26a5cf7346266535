import type { Attempt, Usage } from '@skyclaw/protocol'
import { renderSize } from './size.ts'
import { renderDuration } from './time.ts'

export function renderCpu({ usage }: Pick<Attempt, 'usage'>): string {
  return usage?.cpuMs === undefined ? '-' : renderDuration(usage.cpuMs)
}

export function renderMemory({ usage }: Pick<Attempt, 'usage'>): string {
  return usage?.peakMemoryBytes === undefined ? '-' : renderSize(usage.peakMemoryBytes)
}

/** What it wrote to both streams together, and whether not all of it is kept. */
export function renderOutputBytes({ usage }: Pick<Attempt, 'usage'>): string {
  const bytes = outputBytes(usage)
  if (bytes === undefined) return '-'
  return `${renderSize(bytes)}${usage?.truncated === true ? ', cut' : ''}`
}

function outputBytes({ stdoutBytes, stderrBytes }: Usage = {}): number | undefined {
  return stdoutBytes === undefined && stderrBytes === undefined ? undefined : (stdoutBytes ?? 0) + (stderrBytes ?? 0)
}
