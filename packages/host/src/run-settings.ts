import type { Logger } from 'pino'
import { HostError } from './errors.ts'
import type { ResolvedHostOptions } from './options.ts'
import type { JobLimits, Sandbox } from './run/launch.ts'
import { type CommandPolicy, createPolicy } from './run/policy.ts'
import { createSandbox } from './run/sandbox/create-sandbox.ts'

/** What a host with these options runs. Throws a `HostError` for an entry of the allowlist or a policy file that is wrong. */
export function policyOf(options: ResolvedHostOptions): CommandPolicy {
  const inImage = options.sandbox === 'docker' || options.sandbox === 'podman'
  return createPolicy({ ...options, path: options.environment['PATH'], inImage })
}

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

/** The sandbox that was asked for. Throws a `HostError` when its settings cannot be right. */
export async function openSandbox(options: ResolvedHostOptions, log: Logger): Promise<Sandbox> {
  const { sandbox: kind, sandboxNetwork: network, sandboxPaths: paths, sandboxImage: image, environment, dir } = options
  const sandbox = await createSandbox({ kind, network, paths, image, environment, dir, log })
  if ('reason' in sandbox) throw new HostError('invalid_option', sandbox.reason)
  if (kind !== 'none' && options.workRoots.length === 0) {
    log.warn('a job may name any folder of this user as its own, and sees it in its sandbox: set SKYCLAW_WORK_ROOTS')
  }
  return sandbox
}
