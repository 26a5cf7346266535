import type { JobLimits } from '../launch.ts'

export interface Measured {
  readonly memoryBytes?: number
  readonly cpuMs?: number
  readonly processes?: number
  readonly outputBytes?: number
}

/** The first limit that a job is beyond, as a sentence; undefined when it is within all. */
export function beyond(limits: JobLimits, measured: Measured): string | undefined {
  const checks = [
    ['memoryBytes', 'bytes of memory'],
    ['cpuMs', 'ms of processor time'],
    ['processes', 'processes at once'],
    ['outputBytes', 'bytes of output'],
  ] as const
  for (const [name, what] of checks) {
    const limit = limits[name]
    const used = measured[name] ?? 0
    if (limit !== undefined && used > limit) {
      return `ended because it used more than ${limit} ${what}, its limit on this host (${used} seen)`
    }
  }
  return undefined
}
