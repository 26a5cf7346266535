import type { ResponseOf, Routes } from '@skyclaw/protocol'
import { appendFileSync } from 'node:fs'
import { bytesOf, type Node } from './coordinators.ts'
import type { LoadProcess } from './load-process.ts'
import type { Latency } from './messages.ts'
import { type Counts, readCounts } from './records.ts'

export type Phase = 'fill' | 'deep' | 'drain' | 'steady' | 'end' | 'idle'

export interface NodeSample {
  readonly memoryBytes: number
  /** Since its start. */
  readonly cpuMs: number
  readonly databaseBytes: number
  readonly walBytes: number
  /** Not in every sample. */
  readonly counts?: Counts
  /** What it said of itself since the sample before, if it did: rounds under way, orphans, messages sent and lost. */
  readonly mesh?: MeshNews
}

type Self = ResponseOf<Routes['listPeers']>['self']
type MeshNews = { readonly [part in 'replication' | 'events' | 'traffic']: Self[part] }

export interface Sample {
  /** Since the load test began. */
  readonly seconds: number
  readonly phase: Phase
  /** Acknowledged since the start. */
  readonly enqueued: number
  readonly completed: number
  readonly enqueueLatency: Latency
  readonly heartbeatLatency: Latency
  readonly failures: Readonly<Record<string, number>>
  readonly nodes: readonly NodeSample[]
}

const countEverySamples = 5

/** Looks at everything about once a second, and writes each sample as a line of JSON. */
export class Sampler {
  readonly samples: Sample[] = []
  readonly #startedAt = performance.now()
  readonly #parts: { nodes: readonly Node[]; clients: readonly LoadProcess[]; hosts: readonly LoadProcess[] }
  readonly #file: string
  readonly #mesh = new Map<Node, MeshNews>()

  constructor(
    file: string,
    parts: { nodes: readonly Node[]; clients: readonly LoadProcess[]; hosts: readonly LoadProcess[] },
  ) {
    this.#file = file
    this.#parts = parts
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000
  }

  take(phase: Phase): Sample {
    const { nodes, clients, hosts } = this.#parts
    const counting = this.samples.length % countEverySamples === 0
    const [ofClients, ofHosts] = [clients, hosts].map((processes) => processes.map((one) => one.news()))
    const failures: Record<string, number> = {}
    for (const { failures: some } of [...ofClients!, ...ofHosts!]) {
      for (const [code, count] of Object.entries(some)) failures[code] = (failures[code] ?? 0) + count
    }
    const sample: Sample = {
      seconds: Math.round(this.seconds * 100) / 100,
      phase,
      enqueued: total(clients),
      completed: total(hosts),
      enqueueLatency: together(ofClients!.flatMap(({ latencies }) => latencies)),
      heartbeatLatency: together(ofHosts!.flatMap(({ latencies }) => latencies)),
      failures,
      nodes: nodes.map((node) => this.#lookAt(node, counting)),
    }
    this.samples.push(sample)
    appendFileSync(this.#file, `${JSON.stringify(sample)}\n`)
    return sample
  }

  #lookAt(node: Node, counting: boolean): NodeSample {
    const { process, file } = node
    const mesh = this.#mesh.get(node)
    this.#mesh.delete(node)
    if (counting) void this.#ask(node)
    return {
      memoryBytes: process.memoryBytes,
      cpuMs: process.cpuMs,
      databaseBytes: bytesOf(file),
      walBytes: bytesOf(`${file}-wal`),
      ...(counting && { counts: readCounts(file) }),
      ...(mesh && { mesh }),
    }
  }

  /** What has no answer in time is missing in the samples. */
  async #ask(node: Node): Promise<void> {
    const answer = await node.client.peers().catch(() => undefined)
    if (!answer) return
    const { replication, events, traffic } = answer.self
    this.#mesh.set(node, { replication, events, traffic })
  }
}

export function total(processes: readonly LoadProcess[]): number {
  return processes.reduce((sum, one) => sum + one.total, 0)
}

/** Of several: the middle by weight of their own medians, the worst of the rest. */
function together(latencies: readonly Latency[]): Latency {
  const round = (value: number) => Math.round(value * 10) / 10
  const count = latencies.reduce((sum, one) => sum + one.count, 0)
  const p50 = count === 0 ? 0 : latencies.reduce((sum, one) => sum + one.p50 * one.count, 0) / count
  const most = (of: (latency: Latency) => number) => round(Math.max(0, ...latencies.map(of)))
  return { count, p50: round(p50), p99: most(({ p99 }) => p99), max: most(({ max }) => max) }
}
