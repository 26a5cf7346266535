import { createClient, type SkyclawClient } from '@skyclaw/client'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, ServerProcess } from '../server-process.ts'

export const token = 'load-test'
const program = join(import.meta.dirname, 'coordinator.ts')
const togetherMs = 30_000

/** One coordinator, and the file it keeps. */
export interface Node {
  readonly url: string
  readonly process: ServerProcess
  readonly file: string
  readonly client: SkyclawClient
}

/** Starts coordinators that keep what ended for so long (0: their own default). Resolves when all work together. */
export async function startNodes(folder: string, count: number, retentionSeconds: number): Promise<Node[]> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const nodes: Node[] = []
  try {
    for (const index of urls.keys()) nodes.push(await startNode(folder, urls, index, retentionSeconds))
    await together(nodes)
  } catch (error) {
    await stopNodes(nodes)
    throw error
  }
  return nodes
}

export async function stopNodes(nodes: readonly Node[]): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.close()))
  await Promise.all(nodes.map(({ process: one }) => one.stop()))
}

async function startNode(
  folder: string,
  urls: readonly string[],
  index: number,
  retentionSeconds: number,
): Promise<Node> {
  const cwd = join(folder, `node-${index}`)
  mkdirSync(cwd, { recursive: true })
  const file = join(cwd, 'coordinator.db')
  const url = urls[index]!
  const ms = retentionSeconds * 1_000
  const options = {
    ...{ host: '127.0.0.1', port: Number(new URL(url).port), token, dbPath: file, nodeId: `node-${index}` },
    ...{ publicUrl: url, peerUrls: urls.slice(0, index) },
    ...(ms > 0 && { retentionMs: ms, idempotencyTtlMs: ms }),
  }
  const args = [program, JSON.stringify(options)]
  const server = new ServerProcess('coordinator', process.execPath, args, { cwd, env: { NODE_ENV: 'production' } })
  try {
    await server.ready(async () => (await fetch(`${url}/health`)).ok)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { url, process: server, file, client: createClient({ coordinators: [url], token, learn: false }) }
}

async function together(nodes: readonly Node[]): Promise<void> {
  const deadline = performance.now() + togetherMs
  for (const { url, client } of nodes) {
    for (;;) {
      const { peers } = await client.peers()
      if (peers.filter(({ state, ready }) => state === 'alive' && ready !== false).length === nodes.length - 1) break
      if (performance.now() > deadline) throw new Error(`${url} does not find the others`)
      await sleep(50)
    }
  }
}

/** Bytes of a file; of one that is not there 0. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
