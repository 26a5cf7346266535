import { createTurns, openStore, type Store, type Turns } from '@skyclaw/store'
import type { FastifyBaseLogger } from 'fastify'
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
import { LocalLedger } from './ledger/local-ledger.ts'
import type { ResolvedOptions } from './options.ts'

/** All parts of a coordinator, put together. */
export interface Context {
  readonly options: ResolvedOptions
  readonly instance: string
  readonly clock: Clock
  readonly startedAt: number
  readonly ledger: Ledger
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
  const store = openStore({ path: options.dbPath, logger: log })
  const turns = createTurns(store, { onFatal, maxWaiting: options.maxWaitingChanges })
  try {
    return assemble(options, log, store, turns)
  } catch (error) {
    await turns.close()
    store.close()
    throw error
  }
}

function assemble(options: ResolvedOptions, log: FastifyBaseLogger, store: Store, turns: Turns): Context {
  const clock = systemClock
  const sessions = new HostSessions(options.leaseMs, clock.monotonic())
  const ledger = new LocalLedger({ store, turns, clock, minReplications: options.minReplications })
  const hosts = new HostRegistry({ ledger, sessions, clock, log })
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
      await ledger.close()
      store.close()
    },
  }
}
