import type { PeerMessage } from '@skyclaw/protocol'
import { createTurns, openStore, type Store, type Turns } from '@skyclaw/store'
import type { Clock } from '../src/clock.ts'
import { MeshLedger } from '../src/ledger/mesh-ledger.ts'
import { SqliteMeshStore } from '../src/ledger/mesh-store.ts'
import { recordRules } from '../src/ledger/record-rules.ts'
import { createMesh } from '../src/mesh/create-mesh.ts'
import type { Mesh, MeshEvent, MeshMember, PulledPage, PullRequest } from '../src/mesh/mesh.ts'
import { createDriver, type MeshDriver } from '../src/runtime/driver.ts'

export interface MeshNodeOptions {
  readonly dbPath: string
  readonly clock: Clock
  readonly minReplications: number
  readonly network?: MeshNetwork
  /** Puts something between the driver and the turns. */
  readonly wrap?: (turns: Turns) => Turns
}

const tickMs = 10
const retentionMs = 7 * 86_400_000
/** What a test drops at one coordinator it does not want back from the others. */
const antiEntropyMs = 3_600_000

/** Coordinators in this process, which reach each other through queues. What is sent to one that is down or cut off is lost. */
export class MeshNetwork {
  readonly nodes = new Map<string, MeshNode>()
  readonly cutOff = new Set<string>()
  /** Says which messages get lost. */
  loses: (to: string, message: PeerMessage) => boolean = () => false

  /** The node that a message from one to another reaches now, if any. */
  reach(from: string, to: string): MeshNode | undefined {
    return this.cutOff.has(from) || this.cutOff.has(to) ? undefined : this.nodes.get(to)
  }

  membersFor(self: string): MeshMember[] {
    return [...this.nodes.values()].flatMap(({ instance, mesh }) =>
      instance === self
        ? []
        : [{ instance, alive: this.reach(self, instance) !== undefined, ready: mesh.status().ready, since: 0 }],
    )
  }

  /** Cuts nodes off from the others, and all others off from them. */
  cut(...nodes: readonly MeshNode[]): void {
    for (const { instance } of nodes) this.cutOff.add(instance)
    this.meet()
  }

  heal(): void {
    this.cutOff.clear()
    this.meet()
  }

  /** Tells all of them who is there. */
  meet(): void {
    for (const node of this.nodes.values()) node.driver.setMembers(this.membersFor(node.instance))
  }

  async allReady(): Promise<void> {
    while ([...this.nodes.values()].some(({ mesh }) => !mesh.status().ready)) await aTick()
    this.meet()
    await aTick()
  }
}

/** A coordinator's ledger with all that is under it, and no HTTP. */
export class MeshNode {
  readonly instance: string
  readonly store: Store
  readonly ledger: MeshLedger
  readonly mesh: Mesh
  readonly driver: MeshDriver
  readonly events: MeshEvent[] = []
  /** Messages sent to other coordinators. */
  sent = 0
  failure: Error | undefined
  readonly #turns: Turns
  readonly #ticker: NodeJS.Timeout | undefined

  private constructor(
    options: MeshNodeOptions,
    parts: Pick<MeshNode, 'store' | 'mesh' | 'driver' | 'ledger'>,
    turns: Turns,
  ) {
    this.instance = parts.store.instanceId
    this.store = parts.store
    this.mesh = parts.mesh
    this.driver = parts.driver
    this.ledger = parts.ledger
    this.#turns = turns
    if (options.network) this.#ticker = setInterval(() => this.driver.tick(), tickMs)
  }

  static async open(options: MeshNodeOptions): Promise<MeshNode> {
    const { dbPath, clock, minReplications, network, wrap = (inner) => inner } = options
    const store = openStore({ path: dbPath })
    const { instanceId: self } = store
    let node: MeshNode | undefined
    const onFatal = (error: Error) => void (node && (node.failure = error))
    const turns = wrap(createTurns(store, { onFatal }))
    let ledger: MeshLedger
    const meshStore = new SqliteMeshStore({
      store,
      now: () => clock.now(),
      onKnown: (...change) => ledger.noteKnown(...change),
    })
    const hooks = {
      learned: (...learned: Parameters<MeshLedger['noteLearned']>) => ledger.noteLearned(...learned),
      heir: (...left: Parameters<MeshLedger['heir']>) => ledger.heir(...left),
      inherited: (...inherited: Parameters<MeshLedger['noteInherited']>) => ledger.noteInherited(...inherited),
      warn: () => undefined,
      count: (event: MeshEvent) => void node?.events.push(event),
    }
    const meshOptions = { self, minReplications: () => minReplications, retentionMs, antiEntropyMs }
    const mesh = await turns.run(() =>
      createMesh(
        { store: meshStore, rules: recordRules, hooks, options: meshOptions, random: Math.random },
        {
          now: clock.monotonic(),
        },
      ),
    )
    const outbox = {
      send: (to: string, messages: readonly PeerMessage[]) => node?.send(network, to, messages),
      pull: (from: string, request: PullRequest) => void node?.pull(network, from, request),
    }
    const driver = createDriver({ turns, clock, outbox, mesh })
    const members = () => network?.membersFor(self) ?? []
    const isMember = (id: string) => members().some(({ instance, forgotten }) => instance === id && !forgotten)
    const view = { minReplications: () => minReplications, standalone: () => network === undefined, members, isMember }
    ledger = new MeshLedger({ store, meshStore, mesh, driver, clock, network: view, hurry: () => undefined })
    node = new MeshNode(options, { store, mesh, driver, ledger }, turns)
    if (network) {
      network.nodes.set(self, node)
      network.meet()
    }
    await driver.run((step) => mesh.setMembers(step, members()))
    return node
  }

  send(network: MeshNetwork | undefined, to: string, messages: readonly PeerMessage[]): void {
    this.sent += messages.length
    const left = messages.filter((message) => !network?.loses(to, message))
    const copies = JSON.parse(JSON.stringify(left)) as PeerMessage[]
    network
      ?.reach(this.instance, to)
      ?.driver.receive(this.instance, copies)
      .catch(() => undefined)
  }

  async pull(network: MeshNetwork | undefined, from: string, request: PullRequest): Promise<void> {
    const target = network?.reach(this.instance, from)
    if (!target) return this.driver.missPage(from)
    const { records, next, more } = await target.ledger.feed(request.since, request.limit, { brief: request.brief })
    const pulled = records.map(({ seq, key, version, ...rest }) => ({
      ...{ seq, key, version },
      ...(!request.brief && { record: { key, version, ...rest } as PulledPage['records'][number]['record'] }),
    }))
    this.driver.takePage(from, { request, records: pulled, next, more })
  }

  /** Stops as a crash would: nothing but what was committed is left. */
  crash(): void {
    clearInterval(this.#ticker)
    this.ledger.stopTimers()
    this.store.close()
  }

  async close(): Promise<void> {
    await this.ledger.close()
    clearInterval(this.#ticker)
    await this.#turns.close()
    this.store.close()
    if (this.failure) throw this.failure
  }
}

const aTick = () => new Promise((resolve) => setTimeout(resolve, tickMs))
