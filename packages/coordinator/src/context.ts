import { type MemberNews, wireRange } from '@skyclaw/protocol'
import { createTurns, openStore, prepareCounters, renewInstance, type Store, type Turns } from '@skyclaw/store'
import type { FastifyBaseLogger } from 'fastify'
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from './clock.ts'
import { HostSessions } from './core/host-sessions.ts'
import { Duty } from './duty.ts'
import { HostChanges } from './hosts/host-changes.ts'
import { HostRegistry } from './hosts/registry.ts'
import { Answers } from './http/answers.ts'
import { Claims } from './jobs/claims.ts'
import { JobWaits } from './jobs/job-waits.ts'
import { JobQueue } from './jobs/queue.ts'
import { rescueJobs } from './jobs/rescue.ts'
import { pruneJobs } from './jobs/retention.ts'
import { Secrets } from './jobs/secrets.ts'
import type { Ledger } from './ledger/ledger.ts'
import { Logs } from './logs/logs.ts'
import { openLogsFolder } from './logs/open-logs-folder.ts'
import type { ResolvedOptions } from './options.ts'
import type { Verdict } from './network/witness.ts'
import { chooseWitnesses, findCopy } from './runtime/find-copy.ts'
import { recallMembers } from './runtime/member-rows.ts'
import { openMesh, type RunningMesh } from './runtime/open-mesh.ts'
import type { PeerNetwork } from './runtime/peer-network.ts'
import { version } from './version.ts'

/** All parts of a coordinator, put together. */
export interface Context {
  readonly options: ResolvedOptions
  readonly instance: string
  readonly clock: Clock
  readonly startedAt: number
  readonly ledger: Ledger
  readonly network: PeerNetwork
  readonly mesh: Pick<RunningMesh, 'mesh' | 'events'>
  readonly hosts: HostRegistry
  readonly queue: JobQueue
  readonly claims: Claims
  readonly secrets: Secrets
  readonly changes: HostChanges
  readonly waits: JobWaits
  readonly logs: Logs
  readonly answers: Answers
  /** Whether `stopWaiting` was called: then no request is taken any more. */
  readonly closing: boolean
  /** Ends what waits, so that connections can close. */
  stopWaiting(): void
  /** Finishes what is under way and closes the store. */
  close(): Promise<void>
}

/** How often lost hosts are looked for, at most. */
const maxRescueIntervalMs = 1_000

const housekeepingIntervalMs = 60_000

/** How often it is looked whether logs take more of the disk than they may. */
const logSpaceIntervalMs = 5_000

export interface ContextHooks {
  readonly onFatal: (error: Error) => void
  /** Whether others reach this coordinator by now: it asks nobody anything before. */
  readonly isServing: () => boolean
  /** When the next turn is taken. */
  readonly schedule: (run: () => void) => void
}

/** Opens the store and puts the parts together. Throws a StoreError when the database cannot be opened. */
export async function createContext(
  options: ResolvedOptions,
  log: FastifyBaseLogger,
  hooks: ContextHooks,
): Promise<Context> {
  const { onFatal } = hooks
  const opened = openStore({ path: options.dbPath, logger: log })
  const turns = createTurns(opened, { onFatal, maxWaiting: options.maxWaitingChanges, schedule: hooks.schedule })
  try {
    const boot = randomUUID()
    const store = await renewIfNeeded(options, log, { store: opened, turns, boot })
    return await assemble(options, log, { store, turns, boot }, hooks)
  } catch (error) {
    await turns.close()
    opened.close()
    throw error
  }
}

interface Base {
  readonly store: Store
  readonly turns: Turns
  /** Names this process. */
  readonly boot: string
}

/**
 * A copied database must not go on under the identity of the original: it promised nothing of what that one did. Neither must an instance
 * that the others were told to forget: they go on without what it promised.
 */
async function renewIfNeeded(options: ResolvedOptions, log: FastifyBaseLogger, base: Base): Promise<Store> {
  const { store } = base
  const verdict = await judge(options, base)
  if (!verdict) return store
  const renewed = renewInstance(store)
  const fields = { instance: renewed.instanceId, formerInstance: store.instanceId }
  const why = verdict.kind === 'copy' ? 'the database is a copy' : 'this instance was forgotten'
  log.warn(fields, `${why}, and becomes an instance of its own, which catches up first: ${verdict.reason}`)
  return renewed
}

async function judge(options: ResolvedOptions, { store, turns, boot }: Base): Promise<Verdict | undefined> {
  const { peerUrls, token, nodeId } = options
  const counters = prepareCounters(store.db)
  if (counters.read('forgotten') === 1) {
    return { kind: 'forgotten', reason: 'the other coordinators were told to forget it while it ran' }
  }
  const urls = chooseWitnesses(peerUrls, recallMembers(store, systemClock.now(), options).urls)
  if (urls.length === 0) return undefined
  // Without its URL, where nothing listens yet: those who do not know it would look for it there, and then not again for a while.
  const who = { nodeId, instance: store.instanceId, url: '', version, boot, wire: wireRange }
  const incarnation = counters.read('incarnation')
  const self: MemberNews = { ...who, state: 'alive', incarnation, turn: turns.number, ready: false, feedSeq: 0 }
  return findCopy({ self, turn: () => self.turn, urls, configured: peerUrls, token })
}

async function assemble(
  options: ResolvedOptions,
  log: FastifyBaseLogger,
  { store, turns, boot }: Base,
  { onFatal, isServing }: ContextHooks,
): Promise<Context> {
  const clock = systemClock
  const sessions = new HostSessions(options.leaseMs, clock.monotonic())
  const url = () => (isServing() && options.publicUrl()) || ''
  const onStale = endingOnce(onFatal)
  const { folder, leave } = await openLogsFolder(store.path, options.maxLogBytes)
  const running = await openMesh({ options, store, turns, clock, sessions, log, boot, url, onStale })
  const { ledger, network } = running
  announce(options, log, store, network)
  const services = await openServices(options, { ledger, sessions, clock, boot, log })
  const { queue, claims, changes, waits } = services
  const logs = new Logs({ folder, ledger, queue, network, clock, log, options })
  const answers = new Answers({ store, turns, clock, ttlMs: options.idempotencyTtlMs })
  const duties = startDuties(options, { ...services, ledger, network, sessions, logs, answers, clock, log })
  let closing = false
  const stopWaiting = () => {
    closing = true
    network.stopWaiting()
    claims.close()
    changes.close()
    waits.close()
    logs.stopWaiting()
  }
  return {
    options,
    instance: store.instanceId,
    clock,
    startedAt: clock.monotonic(),
    ledger,
    network,
    mesh: running,
    ...services,
    logs,
    answers,
    get closing() {
      return closing
    },
    stopWaiting,
    async close() {
      stopWaiting()
      await Promise.all(duties.map((duty) => duty.stop()))
      await logs.close()
      await leave()
      await running.close()
      await turns.close()
      store.close()
    },
  }
}

interface DutyParts extends Pick<Context, 'ledger' | 'network' | 'hosts' | 'queue' | 'changes' | 'logs' | 'answers'> {
  readonly sessions: HostSessions
  readonly clock: Clock
  readonly log: FastifyBaseLogger
}

/** What a coordinator does of its own accord. */
function startDuties(options: ResolvedOptions, parts: DutyParts): Duty[] {
  const { ledger, network, hosts, queue, changes, logs, answers, sessions, clock, log } = parts
  const rescue = async () => {
    sessions.awake(clock.monotonic())
    await rescueJobs({ ledger, hosts, queue, clock })
  }
  const housekeeping = async (closing: AbortSignal) => {
    await pruneJobs(ledger, clock, options.retentionMs, closing)
    await answers.prune(closing)
    hosts.forget(options.retentionMs)
    changes.forget((hostId) => !hosts.remembers(hostId))
    await logs.tidy()
    await logs.pruner.pruneForgotten(network.news().ready, closing)
  }
  const rescueIntervalMs = Math.min(maxRescueIntervalMs, options.leaseMs / 4)
  return [
    new Duty({ name: 'rescue', intervalMs: rescueIntervalMs, run: rescue, log }),
    new Duty({ name: 'housekeeping', intervalMs: housekeepingIntervalMs, run: housekeeping, log }),
    new Duty({
      ...{ name: 'log space', intervalMs: logSpaceIntervalMs, log },
      run: (closing) => logs.pruner.pruneExcess(closing),
    }),
  ]
}

interface ServiceParts {
  readonly ledger: Ledger
  readonly sessions: HostSessions
  readonly clock: Clock
  readonly boot: string
  readonly log: FastifyBaseLogger
}

/** What is there for jobs and hosts, over the ledger. */
async function openServices(options: ResolvedOptions, { ledger, sessions, clock, boot, log }: ServiceParts) {
  const hosts = new HostRegistry({ ledger, sessions, clock, log })
  await hosts.load()
  const secrets = new Secrets(options.token)
  const queue = new JobQueue({ ledger, hosts, clock, random: Math.random, token: options.token, secrets, log })
  const claims = new Claims({ ledger, hosts, clock, maxWaitingClaims: options.maxWaitingClaims })
  const waits = new JobWaits(ledger, options.maxWaitingReads)
  const changes = new HostChanges(ledger, boot, options.maxWaitingReads)
  return { hosts, secrets, queue, claims, waits, changes }
}

/** Ends the process when it must not go on under its instance id; whoever says so again is not heard any more. */
function endingOnce(onFatal: (error: Error) => void): (verdict: Verdict) => void {
  let ended = false
  return ({ kind, reason }) => {
    if (ended) return
    ended = true
    const what = kind === 'copy' ? 'its database is a copy' : 'this instance was forgotten'
    onFatal(new Error(`${what}, and becomes an instance of its own when it is started again: ${reason}`))
  }
}

function announce(
  { peerUrls }: ResolvedOptions,
  log: FastifyBaseLogger,
  { instanceId }: Store,
  network: PeerNetwork,
): void {
  const [minReplications, standalone] = [network.minReplications(), network.standalone()]
  const fields = { instance: instanceId, peers: peerUrls, minReplications, standalone }
  const acknowledged = `a change is acknowledged when ${minReplications} coordinators have it`
  if (!standalone) log.info(fields, acknowledged)
  else if (minReplications > 1) log.info(fields, `standalone until another coordinator joins: ${acknowledged}`)
  else log.info(fields, 'standalone until another coordinator joins: a single copy of everything')
}
