import { setTimeout as pause } from 'node:timers/promises'
import { ClusterNode, type NodeSettings } from './cluster-node.ts'
import { freePort } from './free-port.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { until } from './until.ts'
import { Wires } from './wires.ts'

export interface ClusterSettings extends NodeSettings {
  /** Default: three. */
  readonly names?: readonly string[]
  /** Which of the others each is told of: all, or the one before it in the list alone. Default: all. */
  readonly bootstrap?: 'all' | 'previous'
  /** Whether coordinators reach each other through proxies, which see what they say, and can be cut. */
  readonly proxied?: boolean
}

const liveDeadlineMs = 20_000

/** More than they say of themselves each second, less than what anything costs that happens. */
const idleBytesPerMs = 30
/** As long as it takes each of them to speak once to each other. */
const idleWindowMs = 1_000

/** Of the loopback addresses that coordinators call each other from: one for each. */
const firstAddress = 11

/** Coordinators on loopback that know each other, with ports that stay theirs. */
export class Cluster {
  readonly nodes: readonly ClusterNode[]
  /** Between them. Only of a proxied cluster. */
  readonly wires: Wires

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes
    this.wires = new Wires(nodes)
  }

  /** Makes the nodes without starting them. */
  static async prepare(settings: ClusterSettings = {}): Promise<Cluster> {
    const nodes: ClusterNode[] = []
    for (const [index, name] of (settings.names ?? ['a', 'b', 'c']).entries()) {
      const port = await freePort()
      const proxy = settings.proxied ? await TcpProxy.start(port) : undefined
      nodes.push(new ClusterNode(name, { port, proxy, address: `127.0.0.${firstAddress + index}` }, settings))
    }
    for (const [index, node] of nodes.entries()) {
      const isTold = (other: ClusterNode) =>
        settings.bootstrap === 'previous' ? other === nodes[index - 1] : other !== node
      node.bootstrapsFrom(nodes.filter(isTold).map(({ peerUrl }) => peerUrl))
    }
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
  async allLive(nodes: readonly ClusterNode[] = this.nodes, deadlineMs = liveDeadlineMs): Promise<void> {
    const expected = nodes.map(({ name }) => name).toSorted()
    const look = async () => {
      const seen = await Promise.all(nodes.map((node) => node.livePeers()))
      if (seen.every((names) => names.join() === expected.join())) return true
      throw new Error(nodes.map(({ name }, index) => `${name} sees ${seen[index]!.join(', ')}`).join('; '))
    }
    await until(`${expected.join(', ')} to see each other`, look, { deadlineMs, everyMs: 50 })
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

  /** Waits until each of them has read all that the feeds of the others say. How far a feed goes they tell each other every second only. */
  async caughtUp(): Promise<void> {
    await this.quiet()
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
