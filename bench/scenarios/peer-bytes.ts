import { createClient } from '@skyclaw/client'
import { runLoad } from '../load/run-load.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, type Figure, scaled } from '../scenario.ts'
import { type Coordinators, startCoordinators, token } from '../systems/skyclaw.ts'
import { socketBytes } from '../systems/socket-bytes.ts'

const few = 100
const many = 100_000
const operations = 2_000
const batch = 100
const payloadBytes = 100

const figure = (name: string, title: string): Figure => ({ name, title, unit: 'bytes', better: 'less' })

export const peerBytes: AbsoluteScenario = {
  kind: 'absolute',
  name: 'peer-bytes',
  title: 'Bytes sent to peers for each enqueue',
  load: `three nodes, ${operations} jobs of ${payloadBytes} bytes, 16 at once, without gossip`,
  durability: 'M = 2: an fsync on two nodes before each answer',
  runs: 3,
  shortScale: 0.02,
  figures: [
    figure('few', `at ${few} jobs queued, bodies`),
    figure('many', `at ${many.toLocaleString('en')} jobs queued, bodies`),
    {
      ...{ name: 'ratio', title: 'the second over the first', unit: '', better: 'less' },
      target: { bar: 1.05, goal: 1.01 },
    },
    figure('fewOnSockets', `at ${few} jobs queued, on the sockets, heads and gossip too`),
    figure('manyOnSockets', `at ${many.toLocaleString('en')} jobs queued, on the sockets, heads and gossip too`),
  ],
  measure: (folder, effort) =>
    withSystem(startCoordinators(folder, 3), async (nodes) => {
      const amount = scaled(operations, effort)
      await fill(nodes, few)
      const atFew = await bytesOf(nodes, amount)
      await fill(nodes, scaled(many, effort, few) - few - amount)
      const atMany = await bytesOf(nodes, amount)
      return {
        ...{ few: atFew.counted, many: atMany.counted, ratio: atMany.counted / atFew.counted },
        ...{ fewOnSockets: atFew.onSockets, manyOnSockets: atMany.onSockets },
      }
    }),
}

async function fill({ urls }: Coordinators, jobs: number): Promise<void> {
  const load = { payloadBytes, concurrency: 4, batch, operations: Math.ceil(jobs / batch), warmUp: 0 }
  await runLoad('skyclaw-enqueue', { urls, token, ...load })
}

/** Bytes for each enqueue: as the coordinators count them, and as the kernel does. */
async function bytesOf(nodes: Coordinators, jobs: number): Promise<{ counted: number; onSockets: number }> {
  const before = await totals(nodes)
  const load = { payloadBytes, concurrency: 16, batch: 1, operations: jobs, warmUp: 0 }
  await runLoad('skyclaw-enqueue', { urls: nodes.urls, token, ...load })
  const after = await totals(nodes)
  return {
    counted: (after.counted - before.counted) / jobs,
    onSockets: (after.onSockets - before.onSockets) / jobs,
  }
}

async function totals({ urls, processes }: Coordinators): Promise<{ counted: number; onSockets: number }> {
  const sent = await Promise.all(urls.map(sentBytes))
  const onSockets = await socketBytes(
    processes.map(({ pid }) => pid),
    urls.map((url) => Number(new URL(url).port)),
  )
  return { counted: sent.reduce((sum, bytes) => sum + bytes, 0), onSockets }
}

/** What a coordinator has sent to others, but for what it sends whether jobs come or not. */
async function sentBytes(url: string): Promise<number> {
  const client = createClient({ coordinators: [url], token, learn: false })
  try {
    const { self } = await client.peers()
    return Object.entries(self.traffic?.sent ?? {}).reduce(
      (sum, [kind, { bytes }]) => (kind === 'gossip' ? sum : sum + bytes),
      0,
    )
  } finally {
    await client.close()
  }
}
