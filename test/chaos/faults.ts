import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterNode } from '../support/cluster-node.ts'
import type { Cluster } from '../support/cluster.ts'
import type { Spawned } from '../support/spawn.ts'
import { until } from '../support/until.ts'
import type { Dice } from './dice.ts'
import type { OwnClocks } from './own-clocks.ts'
import type { Recorder } from './recorder.ts'
import { rest } from './resend.ts'
import type { SimulatedHost } from './simulated-host.ts'
import type { SmallDisk } from './small-disk.ts'

export interface FaultOptions {
  readonly cluster: Cluster
  readonly recorder: Recorder
  readonly dice: Dice
  readonly clocks: OwnClocks | undefined
  /** The disks of those whose disk can be filled. */
  readonly disks: ReadonlyMap<ClusterNode, SmallDisk>
  readonly hosts: readonly SimulatedHost[]
  readonly leaseMs: number
}

const startDeadlineMs = 60_000
/** An hour behind does no harm; ahead, jobs that are enqueued there are due elsewhere only when it is that late there. */
const clock = { mostAheadS: 8, mostBehindS: 300 }
/** One blow in so many strikes all of them: a power cut. */
const powerCutShare = 0.05

/** Does coordinators harm and undoes it, in lanes: processes, the network between them, hosts. Each fault is written down. */
export class Faults {
  /** How often each fault was made. */
  readonly counts = new Map<string, number>()
  /** Every process that there was, with a name for its log. */
  readonly processes = new Map<string, Spawned>()
  readonly #options: FaultOptions
  #rounds = 0
  /** Rejects when a coordinator ends by itself, though its disk is not full. */
  readonly crash: Promise<never>
  #crashed!: (error: Error) => void
  readonly #skewed = new Set<ClusterNode>()
  readonly #full = new Set<ClusterNode>()

  constructor(options: FaultOptions) {
    this.#options = options
    this.crash = new Promise((_, reject) => void (this.#crashed = reject))
    this.crash.catch(() => undefined)
    for (const node of options.cluster.nodes) this.#keepLog(node)
  }

  /** Makes faults until it is told to stop, and has undone the last ones then. */
  async run(stop: AbortSignal): Promise<void> {
    this.#rounds += 1
    await Promise.all([this.#harmProcesses(stop), this.#harmNetwork(stop), this.#harmHosts(stop)])
    for (const node of this.#skewed) this.#options.clocks?.set(node.folder, 0)
  }

  /** One loses its disk, while all others are well: more is not promised. It comes back as a new one. */
  async wipe(): Promise<void> {
    const { cluster, dice, recorder, disks } = this.#options
    const node = dice.pick(cluster.nodes.filter((one) => !disks.has(one)))!
    const at = recorder.now()
    await node.kill()
    node.deleteDatabase()
    await this.#start(node)
    recorder.answered(at, { did: 'wipe', who: 'chaos', coordinator: node.name })
    this.#count('wipe')
  }

  async #harmProcesses(stop: AbortSignal): Promise<void> {
    const { dice, cluster, clocks, disks } = this.#options
    const lane = dice.fork(`processes ${this.#rounds}`)
    const kinds = [
      'kill',
      'kill',
      'stop',
      'stop',
      ...(disks.size > 0 ? ['full disk'] : []),
      ...(clocks ? ['clock'] : []),
    ]
    while (!stop.aborted) {
      const kind = lane.pick(kinds)!
      if (lane.chance(powerCutShare)) await this.#cutPower()
      else if (kind === 'kill') await this.#kill(lane, lane.pick(cluster.nodes)!, stop)
      else if (kind === 'stop') await this.#standStill(lane, lane.pick(cluster.nodes)!, stop)
      else if (kind === 'full disk') await this.#fillDisk(lane, stop)
      else this.#jump(lane, lane.pick(cluster.nodes)!)
      await rest(lane.int(200, 3_000), stop)
    }
  }

  async #kill(lane: Dice, node: ClusterNode, stop: AbortSignal): Promise<void> {
    this.#note('kill', node.name)
    await node.kill()
    await rest(lane.int(0, 4_000), stop)
    await this.#start(node)
  }

  async #cutPower(): Promise<void> {
    const { nodes } = this.#options.cluster
    this.#note('power cut', 'all')
    await Promise.all(nodes.map((node) => node.kill()))
    await Promise.all(nodes.map((node) => this.#start(node)))
  }

  async #standStill(lane: Dice, node: ClusterNode, stop: AbortSignal): Promise<void> {
    this.#note('stop', node.name)
    node.standStill()
    await rest(lane.int(500, 12_000), stop)
    node.goOn()
    this.#note('go on', node.name)
  }

  /** It ends when it can no longer write, and is started again when there is room. */
  async #fillDisk(lane: Dice, stop: AbortSignal): Promise<void> {
    const [node, disk] = lane.pick([...this.#options.disks])!
    this.#note('full disk', node.name)
    this.#full.add(node)
    disk.fill()
    await Promise.race([node.process.ended, rest(lane.int(1_000, 5_000), stop)])
    disk.free()
    // One that had nothing to write meanwhile goes on; one that is about to end is given the time to.
    const ended = await Promise.race([node.process.ended.then(() => true), pause(1_000).then(() => false)])
    this.#full.delete(node)
    if (ended) await this.#start(node)
  }

  #jump(lane: Dice, node: ClusterNode): void {
    const aheadS = lane.chance(0.5) ? lane.int(0, clock.mostAheadS) : -lane.int(0, clock.mostBehindS)
    this.#note('clock', `${node.name} by ${aheadS} s`)
    this.#skewed.add(node)
    this.#options.clocks!.set(node.folder, aheadS)
  }

  async #harmNetwork(stop: AbortSignal): Promise<void> {
    const { dice, cluster } = this.#options
    const lane = dice.fork(`network ${this.#rounds}`)
    while (!stop.aborted) {
      await rest(lane.int(500, 4_000), stop)
      const from = cluster.nodes.filter(() => lane.chance(0.4))
      const to = cluster.nodes.filter((node) => !from.includes(node))
      if (stop.aborted || from.length === 0 || to.length === 0) continue
      const how = lane.pick(['swallows', 'breaks'] as const)!
      const oneWay = how === 'swallows' && lane.chance(0.4)
      const names = (nodes: readonly ClusterNode[]) => nodes.map(({ name }) => name).join('')
      this.#note(oneWay ? 'half-open partition' : 'partition', `${names(from)} from ${names(to)}, ${how}`)
      cluster.wires.cut({ from, to, how, oneWay })
      await rest(lane.int(500, 10_000), stop)
      cluster.wires.mend()
      this.#note('mend', 'all')
    }
  }

  async #harmHosts(stop: AbortSignal): Promise<void> {
    const { dice, hosts, leaseMs } = this.#options
    const lane = dice.fork(`hosts ${this.#rounds}`)
    while (!stop.aborted) {
      await rest(lane.int(2_000, 8_000), stop)
      if (stop.aborted) return
      this.#note('frozen host', 'one')
      lane.pick(hosts)?.freeze(Math.round(leaseMs * (0.8 + 2 * lane.next())))
    }
  }

  /** A machine may be slow, and a disk just freed: it is started until it serves. */
  async #start(node: ClusterNode): Promise<void> {
    const serve = async () => {
      await node.kill()
      const started = node.start()
      this.#keepLog(node)
      await started
      return true
    }
    await until(`${node.name} to serve`, serve, { deadlineMs: startDeadlineMs, everyMs: 200 })
    this.#note('start', node.name)
  }

  #keepLog(node: ClusterNode): void {
    const { name, process } = node
    this.processes.set(`${name}-${this.processes.size}`, process)
    void process.ended.then(({ signal, code, stderr }) => {
      if (signal === 'SIGKILL' || this.#full.has(node)) return
      this.#crashed(new Error(`${name} ended by itself, code ${code}, signal ${signal}: ${stderr.slice(-2_000)}`))
    })
  }

  #note(fault: string, whom: string): void {
    const { recorder } = this.#options
    recorder.answered(recorder.now(), { did: 'fault', who: 'chaos', what: `${fault}: ${whom}` })
    if (!['start', 'mend', 'go on'].includes(fault)) this.#count(fault)
  }

  #count(fault: string): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
  }
}
