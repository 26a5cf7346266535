import { createTurns, openStore, renewInstance, type Store, type Turns } from '@skyclaw/store'
import type { FastifyBaseLogger } from 'fastify'
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from './clock.ts'
import { HostSessions } from './core/host-sessions.ts'
import { Duty } from './duty.ts'
import { HostRegistry } from './hosts/registry.ts'
import { Answers } from './http/answers.ts'
import { Claims } from './jobs/claims.ts'
import { JobWaits } from './jobs/job-waits.ts'
import { JobQueue } from './jobs/queue.ts'
import { rescueJobs } from './jobs/rescue.ts'
import { pruneJobs } from './jobs/retention.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { ResolvedOptions } from './options.ts'
import { findCopy } from './runtime/find-copy.ts'
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
  readonly waits: JobWaits
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

/** Opens the store and puts the parts together. Throws a StoreError when the database cannot be opened. */
export async function createContext(
  options: ResolvedOptions,
  log: FastifyBaseLogger,
  onFatal: (error: Error) => void,
): Promise<Context> {
  const opened = openStore({ path: options.dbPath, logger: log })
  const turns = createTurns(opened, { onFatal, maxWaiting: options.maxWaitingChanges })
  try {
    const boot = randomUUID()
    const store = await renewCopy(options, log, { store: opened, turns, boot })
    return await assemble(options, log, { store, turns, boot }, onFatal)
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

/** A copied database must not go on under the identity of the original: it promised nothing of what that one did. */
async function renewCopy(
  options: ResolvedOptions,
  log: FastifyBaseLogger,
  { store, turns, boot }: Base,
): Promise<Store> {
  const { peerUrls, token, nodeId, publicUrl } = options
  if (peerUrls.length === 0) return store
  const who = { nodeId, instance: store.instanceId, url: publicUrl() ?? '', version, boot }
  const self = { ...who, state: 'alive' as const, turn: turns.number, ready: false, feedSeq: 0 }
  const reason = await findCopy({ self, turn: () => self.turn, peerUrls, token })
  if (reason === undefined) return store
  const renewed = renewInstance(store)
  const fields = { instance: renewed.instanceId, formerInstance: store.instanceId }
  log.warn(fields, `the database is a copy and becomes an instance of its own, which catches up first: ${reason}`)
  return renewed
}

async function assemble(
  options: ResolvedOptions,
  log: FastifyBaseLogger,
  { store, turns, boot }: Base,
  onFatal: (error: Error) => void,
): Promise<Context> {
  const clock = systemClock
  const sessions = new HostSessions(options.leaseMs, clock.monotonic())
  let ended = false
  const onStale = (reason: string) => {
    if (ended) return
    ended = true
    const what = 'its database is a copy, and becomes an instance of its own when it is started again'
    onFatal(new Error(`${what}: ${reason}`))
  }
  const running = await openMesh({ options, store, turns, clock, sessions, log, boot, onStale })
  const { ledger, network } = running
  announce(options, log, store)
  const hosts = new HostRegistry({ ledger, sessions, clock, log })
  await hosts.load()
  const queue = new JobQueue({ ledger, hosts, clock, random: Math.random, token: options.token, log })
  const claims = new Claims({ ledger, hosts, clock, maxWaitingClaims: options.maxWaitingClaims })
  const waits = new JobWaits(ledger, options.maxWaitingReads)
  const answers = new Answers({ store, turns, clock, ttlMs: options.idempotencyTtlMs })
  const rescue = async () => {
    sessions.awake(clock.monotonic())
    await rescueJobs({ ledger, hosts, queue, clock })
  }
  const housekeeping = async (closing: AbortSignal) => {
    await pruneJobs(ledger, clock, options.retentionMs, closing)
    await answers.prune(closing)
    hosts.forget(options.retentionMs)
  }
  const rescueIntervalMs = Math.min(maxRescueIntervalMs, options.leaseMs / 4)
  const duties = [
    new Duty({ name: 'rescue', intervalMs: rescueIntervalMs, run: rescue, log }),
    new Duty({ name: 'housekeeping', intervalMs: housekeepingIntervalMs, run: housekeeping, log }),
  ]
  let closing = false
  const stopWaiting = () => {
    closing = true
    claims.close()
    waits.close()
  }
  return {
    options,
    instance: store.instanceId,
    clock,
    startedAt: clock.monotonic(),
    ledger,
    network,
    mesh: running,
    hosts,
    queue,
    claims,
    waits,
    answers,
    get closing() {
      return closing
    },
    stopWaiting,
    async close() {
      stopWaiting()
      await Promise.all(duties.map((duty) => duty.stop()))
      await running.close()
      await turns.close()
      store.close()
    },
  }
}

function announce({ peerUrls, minReplications }: ResolvedOptions, log: FastifyBaseLogger, { instanceId }: Store): void {
  const fields = { instance: instanceId, peers: peerUrls, minReplications, standalone: peerUrls.length === 0 }
  if (peerUrls.length > 0) log.info(fields, `a change is acknowledged when ${minReplications} coordinators have it`)
  else log.info(fields, 'no peers: it stands alone, with a single copy of everything')
}
