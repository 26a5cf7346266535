import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../src/clock.ts'
import { type LedgerHarness, ManualClock } from '../src/ledger/conformance.ts'
import { MeshNetwork, MeshNode, type MeshNodeOptions } from './mesh-node.ts'

export interface MeshHarness extends LedgerHarness {
  readonly node: MeshNode
}

export interface NetworkHarness extends MeshHarness {
  readonly network: MeshNetwork
  /** All of them; the harness's own is the first. */
  readonly nodes: readonly MeshNode[]
}

/** Ledgers over meshes of one or of three coordinators, on database files in a folder that goes with them. */
export class MeshLedgers implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'skyclaw-ledger-'))
  #files = 0

  /** The ledger of a lone coordinator. */
  async create(minReplications = 1, wrap?: MeshNodeOptions['wrap']): Promise<MeshHarness> {
    const clock = new ManualClock()
    return lone({ dbPath: this.#file(), clock, minReplications, ...(wrap && { wrap }) }, clock)
  }

  /** The ledger of one of three coordinators that agree, with M = 2. */
  async createThree(): Promise<NetworkHarness> {
    const manual = new ManualClock()
    // Rounds, time-outs and pauses go by real time; what the ledger is used for goes by the clock that the test moves.
    const clock: Clock = { now: () => manual.now(), monotonic: () => manual.monotonic() + performance.now() }
    const network = new MeshNetwork()
    const options = { clock, minReplications: 2, network }
    const nodes: MeshNode[] = []
    for (let count = 0; count < 3; count += 1) nodes.push(await MeshNode.open({ ...options, dbPath: this.#file() }))
    await network.allReady()
    return three(nodes, options, manual)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #file(): string {
    this.#files += 1
    return join(this.#folder, `${this.#files}.db`)
  }
}

async function lone(options: MeshNodeOptions, clock: ManualClock): Promise<MeshHarness> {
  const node = await MeshNode.open(options)
  return {
    node,
    ledger: node.ledger,
    clock,
    crash() {
      node.crash()
      return lone(options, clock)
    },
    close: () => node.close(),
  }
}

function three(
  nodes: readonly MeshNode[],
  options: Omit<MeshNodeOptions, 'dbPath'> & { readonly network: MeshNetwork },
  clock: ManualClock,
): NetworkHarness {
  const [node, ...others] = nodes as [MeshNode, ...MeshNode[]]
  return {
    ...{ node, nodes, clock },
    ledger: node.ledger,
    network: options.network,
    async crash() {
      node.crash()
      const again = await MeshNode.open({ ...options, dbPath: node.store.path })
      return three([again, ...others], options, clock)
    },
    async close() {
      await Promise.all(nodes.map((each) => each.close()))
    },
  }
}
