import { createClient, type SkyclawClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import type { LeaseRef } from '@skyclaw/protocol'
import { Bell } from './bell.ts'
import { claimLoop } from './claim-loop.ts'
import type { HostContext, HostState } from './context.ts'
import { Completions } from './completions.ts'
import { deliver } from './delivery.ts'
import { windDown } from './drain.ts'
import { HostError } from './errors.ts'
import { type FolderLock, lockFolder, unusable } from './folder-lock.ts'
import { HeldJobs } from './held-jobs.ts'
import { HostOffer } from './host-offer.ts'
import { readIdentity } from './identity.ts'
import { maxDeliveries } from './in-turn.ts'
import { endOrphans } from './orphans.ts'
import { HostLogs, maxLogCalls } from './logs/host-logs.ts'
import { type HostOptions, type ResolvedHostOptions, resolveHostOptions } from './options.ts'
import { removeLeftTempFolders } from './run/job-temp-folder.ts'
import type { CommandPolicy } from './run/policy.ts'
import { openSandbox, policyOf, runSettings } from './run-settings.ts'
import { rememberedCoordinators } from './remembered-coordinators.ts'
import { messageOf } from './retry.ts'
import { keepSession } from './session.ts'
import { openJournal, type RunningEntry } from './running.ts'
import { openSpool, type SpooledResult } from './spool.ts'
import { watchChanges } from './watch.ts'

export interface RunningHost {
  readonly id: string
  readonly name: string
  /** What it offers at this moment, after the rules of `capabilities`. */
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
  const policy = policyOf(options)
  const connection = connect(options)
  const lock = lockFolder(options.dir)
  const ending = new AbortController()
  try {
    const { host, results, leftovers } = await open(options, policy, connection, ending)
    return run(host, results, leftovers, lock)
  } catch (error) {
    ending.abort()
    lock.release()
    throw error instanceof HostError ? error : unusable(options.dir, error)
  }
}

interface Connection {
  /** Asks whichever coordinator answers. */
  readonly client: SkyclawClient
  /** Clients that ask these alone, over the same connections. */
  readonly clientOf: (...urls: readonly string[]) => SkyclawClient
}

function connect({ coordinators, token, maxParallel }: ResolvedHostOptions): Connection {
  // Each job may be handed back, and heartbeat, watch and claim come beside the deliveries.
  const transport = undiciTransport({ connections: maxParallel + maxDeliveries + maxLogCalls + 8 })
  // The heartbeat brings the coordinators: the client need not ask for them.
  const clientOf = (...urls: readonly string[]) =>
    createClient({ coordinators: urls, transport, learn: false, ...(token !== undefined && { token }) })
  return { client: clientOf(...coordinators), clientOf }
}

interface Opened {
  readonly host: HostContext
  /** What an earlier run left: results, and attempts that it was running. */
  readonly results: SpooledResult[]
  readonly leftovers: RunningEntry[]
}

/** Opens what is in the host's folder, and looks at what the host has to offer. */
async function open(
  options: ResolvedHostOptions,
  policy: CommandPolicy,
  { client, clientOf }: Connection,
  ending: AbortController,
): Promise<Opened> {
  const { dir, maxLogBytes, maxSpooled: maxWaiting, capabilities, labels } = options
  const configured = client.coordinators
  const id = await readIdentity(dir, options.id)
  const log = options.logger.child({ hostId: id })
  const { spool, results, unreadable } = await openSpool(dir, options.maxRejected)
  for (const file of unreadable) log.error({ file }, 'a spooled result could not be read: kept in the rejected folder')
  const remembered = await rememberedCoordinators(dir, configured, log)
  if (options.learn) client.learnCoordinators(remembered.urls)
  for (const name of policy.missing) log.warn({ command: name }, 'an allowed command was not found')
  const opened = await openJournal(dir, (error) =>
    log.error({ reason: messageOf(error) }, 'the journal of what runs could not be changed'),
  )
  for (const file of opened.unreadable) log.error({ file }, 'an entry of what ran could not be read: removed')
  const runContext = { ...runSettings(options), policy, sandbox: await openSandbox(options, log), log }
  const offer = await HostOffer.open(runContext, { capabilities, labels, signal: ending.signal })
  const held = new HeldJobs()
  const onLost = (ref: LeaseRef) => held.end(ref, 'lost')
  const calls = { client, clientOf, hostId: id, ending: ending.signal, log }
  const logs = await HostLogs.open({ dir, maxLogBytes, maxWaiting, ...calls, onLost, onSettled: () => held.wake() })
  const state: HostState = { registered: false, wish: 'active', drainTimer: undefined, deliveries: 0 }
  const host: HostContext = {
    id,
    options,
    offer,
    client,
    remembered,
    held,
    spool,
    completions: new Completions({ client, held, state, ending }),
    journal: opened.journal,
    logs,
    run: runContext,
    log,
    state,
    beats: new Bell(),
    claiming: new AbortController(),
    ending,
  }
  return { host, results, leftovers: opened.leftovers }
}

function run(host: HostContext, results: SpooledResult[], leftovers: RunningEntry[], lock: FolderLock): RunningHost {
  const { options } = host
  for (const result of results) void deliver(host, result)
  const session = Promise.all([keepSession(host), watchChanges(host)])
  // A job that comes back here must not run beside what is left of it.
  const claims = endOrphans(host, leftovers, results)
    .then(() => clearTempFolders(host))
    .then(() => claimLoop(host))
  const hurry = new AbortController()
  let ending: Promise<void> | undefined
  const { promise: closed, resolve } = Promise.withResolvers<void>()

  async function end(graceMs: number): Promise<void> {
    await windDown(host, claims, graceMs, hurry.signal)
    host.ending.abort()
    clearTimeout(host.state.drainTimer)
    await Promise.all([session, host.offer.closed])
    await host.logs.close()
    await host.client.close()
    await host.remembered.kept()
    lock.release()
    host.log.info('host ended')
    resolve()
  }
  return {
    id: host.id,
    name: options.name,
    get capabilities() {
      return host.offer.current.capabilities
    },
    drain: () => (ending ??= end(options.drainMs)),
    stop() {
      hurry.abort()
      return (ending ??= end(0))
    },
    closed,
  }
}

/** What attempts of an earlier run left, after all their processes have ended. */
async function clearTempFolders({ options, log }: HostContext): Promise<void> {
  await removeLeftTempFolders(options.dir, options.environment['TMPDIR']).catch((error: unknown) => {
    log.warn({ reason: messageOf(error) }, 'temporary folders of an earlier run could not be removed')
  })
}
