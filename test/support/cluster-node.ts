import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PeerView } from '@skyclaw/protocol'
import { databaseOf, serving, spawnCoordinator } from './coordinator.ts'
import { Http } from './http.ts'
import type { Spawned } from './spawn.ts'
import type { TcpProxy } from './tcp-proxy.ts'
import { tempFolder } from './temp-folder.ts'
import { atEnd } from './undo.ts'

export interface NodeSettings {
  /** Default: as without the variable, 2 as soon as there is another one. */
  readonly minReplications?: number
  readonly leaseMs?: number
  /** Default: the coordinator's sources. */
  readonly entry?: string
  /** More `SKYCLAW_*` variables for all. */
  readonly env?: Readonly<Record<string, string>>
}

/** Where a node is. */
export interface NodePlace {
  readonly port: number
  /** The loopback address that it calls others from. */
  readonly address: string
  /** Between it and the other coordinators. */
  readonly proxy: TcpProxy | undefined
}

const callFrom = pathToFileURL(join(import.meta.dirname, 'call-from.ts')).href

/** One coordinator of a cluster, over all its restarts: name, address and folder stay. */
export class ClusterNode {
  readonly name: string
  readonly folder = tempFolder()
  readonly port: number
  readonly address: string
  /** Where clients reach it. */
  readonly url: string
  /** Where the other coordinators reach it. */
  readonly peerUrl: string
  readonly proxy: TcpProxy | undefined
  readonly http: Http
  /** Its latest process. It lasts as long as the node, whichever test starts it again. */
  process!: Spawned
  #env: Record<string, string> = {}
  #isStarted = false
  readonly #settings: NodeSettings

  constructor(name: string, { port, address, proxy }: NodePlace, settings: NodeSettings) {
    this.name = name
    this.port = port
    this.address = address
    this.url = `http://127.0.0.1:${port}`
    this.proxy = proxy
    this.peerUrl = proxy?.url ?? this.url
    this.#settings = settings
    this.http = new Http(this.url, { token: settings.env?.['SKYCLAW_TOKEN'] })
    atEnd(() => this.http.close())
    atEnd(async () => {
      if (this.#isStarted) await this.process.kill()
    })
  }

  /** The bootstrap peers that it is started with from now on; with none it is not told that there are others. */
  bootstrapsFrom(peerUrls: readonly string[]): void {
    const { minReplications } = this.#settings
    this.#env = {
      SKYCLAW_COORDINATOR_NODE_ID: this.name,
      SKYCLAW_COORDINATOR_PUBLIC_URL: this.peerUrl,
      ...(minReplications !== undefined && { SKYCLAW_MIN_REPLICATIONS: String(minReplications) }),
      ...(peerUrls.length > 0 && { SKYCLAW_PEER_URLS: peerUrls.join(',') }),
      ...(this.proxy && { NODE_OPTIONS: `--import=${callFrom}`, TEST_CALL_FROM: this.address }),
      ...this.#settings.env,
    }
  }

  /** Starts it without waiting for it. */
  spawn(): Spawned {
    const { entry, leaseMs } = this.#settings
    const { folder, port } = this
    this.#isStarted = true
    this.process = spawnCoordinator({
      folder,
      port,
      env: this.#env,
      lasting: true,
      ...(entry !== undefined && { entry }),
      ...(leaseMs !== undefined && { leaseMs }),
    })
    return this.process
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    await serving(this.spawn())
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.process.kill()
  }

  async stop(): Promise<void> {
    await this.process.stop()
  }

  /** SIGSTOP: its connections stay and it does nothing, until `goOn`. */
  standStill(): void {
    process.kill(this.process.pid, 'SIGSTOP')
  }

  goOn(): void {
    process.kill(this.process.pid, 'SIGCONT')
  }

  /** What it is started with, for a process of the test's own beside it. */
  get env(): Readonly<Record<string, string>> {
    return this.#env
  }

  get database(): string {
    return databaseOf(this.folder)
  }

  /** The database and whatever lies beside it under its name. Only while it is down. */
  databaseFiles(): string[] {
    const folder = dirname(this.database)
    return readdirSync(folder)
      .filter((name) => name.startsWith(basename(this.database)))
      .map((name) => join(folder, name))
  }

  deleteDatabase(): void {
    for (const file of this.databaseFiles()) rmSync(file, { recursive: true })
  }

  async instance(): Promise<string> {
    return (await this.http.must('readFeed', { query: { limit: 1 } })).instance
  }

  /** How it sees another one. */
  async viewOf({ peerUrl }: ClusterNode): Promise<PeerView | undefined> {
    const { peers } = await this.http.must('listPeers')
    return peers.find(({ url, state }) => url === peerUrl && state !== 'replaced')
  }

  /** The names of those that it sees alive and can work with, itself included, in their order. */
  async livePeers(): Promise<string[]> {
    const { self, peers } = await this.http.must('listPeers')
    const live = peers.filter((peer) => peer.ready !== false && isWorkedWith(peer))
    return [...(self.ready === false ? [] : [self.nodeId]), ...live.map(({ nodeId = '' }) => nodeId)].toSorted()
  }

  /** Whether it has caught up, and sees so many others alive that have. */
  async sees(others: number): Promise<boolean> {
    const live = await this.livePeers()
    return live.includes(this.name) && live.length === others + 1
  }

  /** Whether it has read the feeds of all members to their ends. */
  async hasReadAll(): Promise<boolean> {
    const { peers } = await this.http.must('listPeers')
    return peers.filter(isWorkedWith).every(({ lag }) => lag === 0)
  }
}

/** Two of one name work with each other; the other troubles keep a member from being worked with. */
function isWorkedWith({ state, troubles = [] }: PeerView): boolean {
  return state === 'alive' && troubles.every((trouble) => trouble === 'name_conflict')
}
