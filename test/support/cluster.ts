import { readdirSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { basename, dirname, join } from 'node:path'
import { databaseOf, serving, spawnCoordinator } from './coordinator.ts'
import { freePort } from './free-port.ts'
import { Http } from './http.ts'
import type { Spawned } from './spawn.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { tempFolder } from './temp-folder.ts'
import { atEnd } from './undo.ts'
import { until } from './until.ts'

export interface ClusterSettings {
  /** Default: three. */
  readonly names?: readonly string[]
  /** Default: 2. */
  readonly minReplications?: number
  readonly leaseMs?: number
  /** Default: the coordinator's sources. */
  readonly entry?: string
  /** Whether coordinators reach each other through proxies, which see what they say. */
  readonly proxied?: boolean
  /** More `SKYCLAW_*` variables for all. */
  readonly env?: Readonly<Record<string, string>>
}

const liveDeadlineMs = 20_000

/** More than they say of themselves each second, less than what anything costs that happens. */
const idleBytesPerMs = 30
/** As long as it takes each of them to speak once to each other. */
const idleWindowMs = 1_000

/** One coordinator of a cluster, over all its restarts: name, address and folder stay. */
export class ClusterNode {
  readonly name: string
  readonly folder = tempFolder()
  readonly port: number
  /** Where clients reach it. */
  readonly url: string
  /** Where the other coordinators reach it. */
  readonly peerUrl: string
  /** Between it and the other coordinators. */
  readonly proxy: TcpProxy | undefined
  readonly http: Http
  /** Its latest process. It lasts as long as the node, whichever test starts it again. */
  process!: Spawned
  #env: Record<string, string> = {}
  #isStarted = false
  readonly #settings: ClusterSettings

  constructor(name: string, port: number, proxy: TcpProxy | undefined, settings: ClusterSettings) {
    this.name = name
    this.port = port
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

  /** The other members, which it is started with. */
  knows(peers: readonly ClusterNode[]): void {
    this.#env = {
      SKYCLAW_COORDINATOR_NODE_ID: this.name,
      SKYCLAW_COORDINATOR_PUBLIC_URL: this.peerUrl,
      SKYCLAW_PEER_URLS: peers.map(({ peerUrl }) => peerUrl).join(','),
      SKYCLAW_MIN_REPLICATIONS: String(this.#settings.minReplications ?? 2),
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

  /** Whether it has caught up, and sees so many others alive that have. */
  async sees(others: number): Promise<boolean> {
    const { self, peers } = await this.http.must('listPeers')
    const alive = peers.filter(({ state, ready }) => state === 'alive' && ready !== false)
    return self.ready !== false && alive.length === others
  }

  /** Whether it has read the feeds of all members to their ends. */
  async hasReadAll(): Promise<boolean> {
    const { peers } = await this.http.must('listPeers')
    return peers.every(({ lag }) => lag === 0)
  }
}

/** Coordinators on loopback that know each other, with ports that stay theirs. */
export class Cluster {
  readonly nodes: readonly ClusterNode[]

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes
  }

  /** Makes the nodes without starting them. */
  static async prepare(settings: ClusterSettings = {}): Promise<Cluster> {
    const nodes: ClusterNode[] = []
    for (const name of settings.names ?? ['a', 'b', 'c']) {
      const port = await freePort()
      nodes.push(new ClusterNode(name, port, settings.proxied ? await TcpProxy.start(port) : undefined, settings))
    }
    for (const node of nodes) node.knows(nodes.filter((other) => other !== node))
    return new Cluster(nodes)
  }

  /** Starts all of them, and waits until each sees all others alive. */
  static async start(settings: ClusterSettings = {}): Promise<Cluster> {
    const cluster = await Cluster.prepare(settings)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.allLive()
    return cluster
  }

  /** A cluster of three as a tuple. */
  static async startThree(settings: ClusterSettings = {}): Promise<[ClusterNode, ClusterNode, ClusterNode, Cluster]> {
    const cluster = await Cluster.start(settings)
    const [a, b, c] = cluster.nodes
    return [a!, b!, c!, cluster]
  }

  /** Waits until each of these, by default all, has caught up and sees all the others of them, and nobody else, alive. */
  async allLive(nodes: readonly ClusterNode[] = this.nodes): Promise<void> {
    const look = async () => (await Promise.all(nodes.map((node) => node.sees(nodes.length - 1)))).every(Boolean)
    await until(`${nodes.map(({ name }) => name).join(', ')} to see each other`, look, {
      deadlineMs: liveDeadlineMs,
      everyMs: 50,
    })
  }

  /** Bytes that coordinators have sent each other. Only of a proxied cluster, like what follows. */
  get peerBytes(): number {
    return this.nodes.reduce((sum, { proxy }) => sum + proxy!.bytes, 0)
  }

  /** Waits until coordinators say no more to each other than they do when nothing happens. */
  async quiet(): Promise<void> {
    const look = async () => (await this.idleBytesPerMs()) < idleBytesPerMs
    await until('coordinators to have nothing to say', look, { deadlineMs: liveDeadlineMs })
  }

  /** Waits until each of them has read all that the feeds of the others say. */
  async caughtUp(): Promise<void> {
    const look = async () => (await Promise.all(this.nodes.map((node) => node.hasReadAll()))).every(Boolean)
    await until('coordinators to have read each other', look, { deadlineMs: liveDeadlineMs, everyMs: 50 })
  }

  /** What they say to each other just now. */
  async idleBytesPerMs(): Promise<number> {
    const before = this.peerBytes
    await pause(idleWindowMs)
    return (this.peerBytes - before) / idleWindowMs
  }
}
