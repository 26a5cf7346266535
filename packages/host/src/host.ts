import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { offeredCapabilities } from './capabilities.ts'
import { claimLoop } from './claim-loop.ts'
import type { HostContext } from './context.ts'
import { deliver, maxDeliveries } from './delivery.ts'
import { windDown } from './drain.ts'
import { HostError } from './errors.ts'
import { type FolderLock, lockFolder, unusable } from './folder-lock.ts'
import { HeldJobs } from './held-jobs.ts'
import { readIdentity } from './identity.ts'
import { type HostOptions, type ResolvedHostOptions, resolveHostOptions } from './options.ts'
import type { JobLimits } from './run/launch.ts'
import { createPolicy } from './run/policy.ts'
import { noSandbox } from './run/sandbox/none.ts'
import { rememberedCoordinators } from './remembered-coordinators.ts'
import { keepSession } from './session.ts'
import { openSpool, type SpooledResult } from './spool.ts'

export interface RunningHost {
  readonly id: string
  readonly name: string
  /** What it offers, after the rules of `capabilities`. */
  readonly capabilities: readonly string[]
  /** Claims nothing more, finishes what runs, then ends; after `drainMs` it ends the jobs and hands them back. */
  drain(): Promise<void>
  /** Ends the jobs now, hands them back, and ends. Hurries a drain that is under way. */
  stop(): Promise<void>
  /** Resolves when the host has ended, for whatever reason. */
  readonly closed: Promise<void>
}

/**
 * Starts a host. Resolves when its folder is its own and its options are right; it registers in the background, trying
 * for ever. Rejects with a `HostError`, or the client's `OptionError`, naming what is wrong.
 */
export async function startHost(hostOptions: HostOptions): Promise<RunningHost> {
  const options = resolveHostOptions(hostOptions)
  const policy = createPolicy({ ...options, path: options.environment['PATH'] })
  const { coordinators, token } = options
  // Each job may be handed back, and heartbeat and claim come beside the deliveries.
  const transport = undiciTransport({ connections: options.maxParallel + maxDeliveries + 8 })
  // The heartbeat brings the coordinators: the client need not ask for them.
  const client = createClient({ coordinators, transport, learn: false, ...(token !== undefined && { token }) })
  const configured = client.coordinators
  const lock = lockFolder(options.dir)
  try {
    const id = await readIdentity(options.dir, options.id)
    const { spool, results, unreadable } = await openSpool(options.dir, options.maxRejected)
    const { capabilities, warnings } = offeredCapabilities(options.capabilities, policy)
    const log = options.logger.child({ hostId: id })
    const remembered = await rememberedCoordinators(options.dir, configured, log)
    if (options.learn) client.learnCoordinators(remembered.urls)
    for (const warning of warnings) log.warn(warning)
    for (const name of policy.missing) log.warn({ command: name }, 'an allowed command was not found on the PATH')
    for (const file of unreadable)
      log.error({ file }, 'a spooled result could not be read: kept in the rejected folder')
    const host: HostContext = {
      id,
      options,
      capabilities,
      client,
      remembered,
      held: new HeldJobs(),
      spool,
      run: { ...runSettings(options), policy, sandbox: noSandbox, log },
      log,
      state: { registered: false, drainRequested: false, deliveries: 0 },
      claiming: new AbortController(),
      ending: new AbortController(),
    }
    return run(host, results, lock)
  } catch (error) {
    lock.release()
    throw error instanceof HostError ? error : unusable(options.dir, error)
  }
}

function run(host: HostContext, results: SpooledResult[], lock: FolderLock): RunningHost {
  const { options } = host
  for (const result of results) void deliver(host, result)
  const session = keepSession(host)
  const claims = claimLoop(host)
  const hurry = new AbortController()
  let ending: Promise<void> | undefined
  const { promise: closed, resolve } = Promise.withResolvers<void>()

  async function end(graceMs: number): Promise<void> {
    await windDown(host, claims, graceMs, hurry.signal)
    host.ending.abort()
    await session
    await host.client.close()
    await host.remembered.kept()
    lock.release()
    host.log.info('host ended')
    resolve()
  }
  return {
    id: host.id,
    name: options.name,
    capabilities: host.capabilities,
    drain: () => (ending ??= end(options.drainMs)),
    stop() {
      hurry.abort()
      return (ending ??= end(0))
    },
    closed,
  }
}

function runSettings(options: ResolvedHostOptions) {
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
