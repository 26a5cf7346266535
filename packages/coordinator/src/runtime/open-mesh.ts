import type { Store, Turns } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import type { HostSessions } from '../core/host-sessions.ts'
import { MeshLedger } from '../ledger/mesh-ledger.ts'
import { SqliteMeshStore } from '../ledger/mesh-store.ts'
import { recordRules } from '../ledger/record-rules.ts'
import type { Log } from '../log.ts'
import { createMesh } from '../mesh/create-mesh.ts'
import type { Mesh, MeshEvent, MeshHooks } from '../mesh/mesh.ts'
import type { Verdict } from '../network/witness.ts'
import type { ResolvedOptions } from '../options.ts'
import { createDriver } from './driver.ts'
import { PeerNetwork } from './peer-network.ts'
import { startTicker } from './ticker.ts'

export interface OpenMeshOptions {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly turns: Turns
  readonly clock: Clock
  readonly sessions: HostSessions
  readonly log: Log
  /** Names this process. */
  readonly boot: string
  /** Under which others reach this coordinator; empty while it does not listen. */
  readonly url: () => string
  /** This process must not go on under its instance id: it must end. */
  readonly onStale: (verdict: Verdict) => void
}

/** The ledger over the mesh, with all that keeps it going. */
export interface RunningMesh {
  readonly ledger: MeshLedger
  readonly network: PeerNetwork
  readonly mesh: Mesh
  /** How often each event of the mesh has happened since the start. */
  readonly events: ReadonlyMap<MeshEvent, number>
  /** Finishes what is under way, then falls silent. The turns and the store stay open. */
  close(): Promise<void>
}

/** Puts mesh, driver, ledger and network together, and begins. */
export async function openMesh(parts: OpenMeshOptions): Promise<RunningMesh> {
  const { options, store, turns, clock, sessions, log, boot, url, onStale } = parts
  const events = new Map<MeshEvent, number>()
  const meshStore = new SqliteMeshStore({
    store,
    now: () => clock.now(),
    // Nothing is known or learned before the first input, which comes after the ledger.
    onKnown: (...change) => ledger.noteKnown(...change),
  })
  const hooks: MeshHooks = {
    learned: (...learned) => ledger.noteLearned(...learned),
    heir: (value) => ledger.heir(value),
    inherited: (...inherited) => ledger.noteInherited(...inherited),
    warn: (fields, message) => log.warn(fields, message),
    count: (event) => void events.set(event, (events.get(event) ?? 0) + 1),
  }
  const { retentionMs, repairAfterMs } = options
  // Both are there before the first input.
  const minReplications = () => network.minReplications()
  const meshOptions = { self: store.instanceId, minReplications, retentionMs, repairAfterMs }
  const mesh = await turns.run(() =>
    createMesh(
      { store: meshStore, rules: recordRules, hooks, options: meshOptions, random: Math.random },
      { now: clock.monotonic() },
    ),
  )
  const network = new PeerNetwork({
    ...{ options, store, clock, sessions, log, boot, url, onStale },
    turn: () => turns.number,
    feedSeq: () => meshStore.feedSeq,
    isReady: () => mesh.status().ready,
  })
  const driver = createDriver({
    ...{ turns, clock, outbox: network.links, mesh },
    received: (from, messages) => network.noteReceived(from, messages),
  })
  const hurry = (instance: string) => network.links.hurry(instance)
  const ledger = new MeshLedger({ store, meshStore, mesh, driver, clock, network, hurry })
  network.open(driver)
  const tick = () => {
    network.tick()
    driver.tick()
  }
  const stopTicking = startTicker(tick, () => driver.isQuiet && network.standalone())
  return {
    ...{ ledger, network, mesh, events },
    async close() {
      // The changes under way still need ticks and peers.
      await ledger.close()
      stopTicking()
      await network.close()
    },
  }
}
