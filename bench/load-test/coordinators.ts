import { createClient } from '@skyclaw/client'
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
}

/** Starts coordinators that keep what ended for so long (0: their own default). Resolves when all work together. */
export async function startNodes(folder: string, count: number, retentionSeconds: number): Promise<Node[]> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const nodes: Node[] = []
  for (const [index, port] of ports.entries()) {
    const own = join(folder, `node-${index}`)
    mkdirSync(own, { recursive: true })
    const file = join(own, 'coordinator.db')
    const url = urls[index]!
    const retention = retentionSeconds > 0 && {
      retentionMs: retentionSeconds * 1_000,
      idempotencyTtlMs: retentionSeconds * 1_000,
    }
    const options = {
      ...{ host: '127.0.0.1', port, token, dbPath: file, nodeId: `node-${index}`, publicUrl: url },
      ...{ peerUrls: urls.slice(0, index), ...retention },
    }
    const process_ = new ServerProcess('coordinator', process.execPath, [program, JSON.stringify(options)], {
      cwd: own,
      env: { NODE_ENV: 'production' },
    })
    await process_.ready(async () => (await fetch(`${url}/health`)).ok)
    nodes.push({ url, process: process_, file })
  }
  await together(urls)
  return nodes
}

async function together(urls: readonly string[]): Promise<void> {
  const deadline = performance.now() + togetherMs
  for (const url of urls) {
    const client = createClient({ coordinators: [url], token, learn: false })
    for (;;) {
      const { peers } = await client.peers()
      if (peers.filter(({ state, ready }) => state === 'alive' && ready !== false).length === urls.length - 1) break
      if (performance.now() > deadline) throw new Error(`${url} does not find the others`)
      await sleep(50)
    }
    await client.close()
  }
}

/** Bytes of a file; of one that is not there 0. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
