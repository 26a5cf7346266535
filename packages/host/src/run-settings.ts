import type { ResolvedHostOptions } from './options.ts'
import type { JobLimits } from './run/launch.ts'

/** What of a host's options every attempt goes by. */
export function runSettings(options: ResolvedHostOptions) {
  const { environment, inheritEnv, workRoots, dir, timeoutMs, killGraceMs, maxOutputBytes } = options
  const { maxMemoryBytes, maxCpuMs, maxOpenFiles, maxProcesses } = options
  const limits: JobLimits = {
    ...(maxMemoryBytes !== undefined && { memoryBytes: maxMemoryBytes }),
    ...(maxCpuMs !== undefined && { cpuMs: maxCpuMs }),
    ...(maxOpenFiles !== undefined && { openFiles: maxOpenFiles }),
    ...(maxProcesses !== undefined && { processes: maxProcesses }),
  }
  return { environment, inheritEnv, workRoots, dir, defaults: { timeoutMs, killGraceMs, maxOutputBytes, limits } }
}
