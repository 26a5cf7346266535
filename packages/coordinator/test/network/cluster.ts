import type { PeerView } from '@skyclaw/protocol'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../../test/support/free-port.ts'
import { until } from '../../../../test/support/until.ts'
import type { ServerOptions } from '../../src/server.ts'
import { scratchFolder, startTestCoordinator, type TestCoordinator } from '../http/test-coordinator.ts'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** Short enough that a test need not wait, long enough that a busy machine does not take a live coordinator for dead. */
const timing = { gossipIntervalMs: 100 }

/** Coordinators in this process that join through the first one, and that one through the second, each on its own port and database. */
export class Cluster {
  readonly folder = scratchFolder()
  readonly ports: readonly number[]
  readonly nodes: (TestCoordinator | undefined)[] = []
  readonly logs: LogLine[][] = []
  readonly #options: Partial<ServerOptions>

  private constructor(ports: readonly number[], options: Partial<ServerOptions>) {
    this.ports = ports
    this.#options = options
  }

  static async start(size: number, options: Partial<ServerOptions> = {}): Promise<Cluster> {
    const cluster = await Cluster.plan(size, options)
    await Promise.all(cluster.ports.map((_, index) => cluster.startNode(index)))
    await cluster.settled()
    return cluster
  }

  /** Ports and databases for coordinators of which none is started yet. */
  static async plan(size: number, options: Partial<ServerOptions> = {}): Promise<Cluster> {
    const ports: number[] = []
    while (ports.length < size) ports.push(await freePort())
    return new Cluster(ports, options)
  }

  dbPath(index: number): string {
    return join(this.folder, `${index}.db`)
  }

  url(index: number): string {
    return `http://127.0.0.1:${this.ports[index]}`
  }

  node(index: number): TestCoordinator {
    const node = this.nodes[index]
    if (!node) throw new Error(`coordinator ${index} is down`)
    return node
  }

  async startNode(index: number, more: Partial<ServerOptions> = {}): Promise<TestCoordinator> {
    const lines = (this.logs[index] ??= [])
    const node = await startTestCoordinator({
      ...timing,
      ...{ nodeId: `node-${index}`, port: this.ports[index], dbPath: this.dbPath(index), logger: logTo(lines) },
      peerUrls: [this.url(index === 0 ? 1 : 0)],
      ...this.#options,
      ...more,
    })
    this.nodes[index] = node
    return node
  }

  /** One more coordinator, which joins through the first. */
  async startBeside(options: Partial<ServerOptions>): Promise<TestCoordinator> {
    return startTestCoordinator({ ...timing, nodeId: 'beside', peerUrls: [this.url(0)], ...options })
  }

  async stopNode(index: number): Promise<void> {
    const node = this.node(index)
    this.nodes[index] = undefined
    await node.running.close()
  }

  /** Takes away the database of a coordinator that is down. */
  loseDatabase(index: number): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.dbPath(index)}${suffix}`, { force: true })
  }

  async peersOf(index: number) {
    return this.node(index).ok('listPeers')
  }

  async instanceOf(index: number): Promise<string> {
    return (await this.peersOf(index)).self.instance
  }

  /** How one coordinator sees another now. */
  async viewOf(instance: string, from: number): Promise<PeerView | undefined> {
    return (await this.peersOf(from)).peers.find((peer) => peer.instance === instance)
  }

  /** Waits until each coordinator that is up sees exactly the others that are up as alive, works with them, and all have caught up. */
  async settled(): Promise<void> {
    const up = this.nodes.filter((node) => node !== undefined).length
    for (const [index, node] of this.nodes.entries()) {
      if (!node) continue
      await until(`coordinator ${index} to see ${up - 1} others`, async () => {
        const { self, peers } = await this.peersOf(index)
        const alive = peers.filter(({ state }) => state === 'alive')
        const good = alive.every(({ ready, troubles }) => ready && troubles === undefined)
        return alive.length === up - 1 && self.ready && good && self.replication!.live === up
      })
    }
  }

  /** Waits until one coordinator takes another for dead. */
  async deadAt(from: number, instance: string): Promise<void> {
    await until(`coordinator ${from} to take ${instance} for dead`, async () => {
      return (await this.viewOf(instance, from))?.state === 'dead'
    })
  }

  /** Waits until all that are up know the same values. */
  async agreed(): Promise<void> {
    await until('all coordinators to know the same', async () => {
      const up = this.nodes.filter((node) => node !== undefined)
      const known = await Promise.all(up.map((node) => knownTo(node)))
      return known.every((values) => values === known[0])
    })
  }
}

async function knownTo(node: TestCoordinator): Promise<string> {
  const values: string[] = []
  for (let query: Record<string, string> = { limit: '1000' }; ;) {
    const { records, nextCursor } = await node.ok('readSnapshot', { query })
    values.push(...records.map((record) => JSON.stringify([record.key, record.version, record.value])))
    if (nextCursor === undefined) return values.toSorted().join('\n')
    query = { ...query, cursor: nextCursor }
  }
}

function logTo(lines: LogLine[]): FastifyBaseLogger {
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) }
  return Fastify({ logger: { stream } }).log
}
