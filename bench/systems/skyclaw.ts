import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createClient } from '@skyclaw/client'
import { freePort, ServerProcess } from '../server-process.ts'

const entry = resolve(import.meta.dirname, '../../apps/coordinator/dist/main.js')
export const token = 'bench'
export const skyclawDurability =
  'SQLite, its write-ahead log synced before each answer: one fsync, shared by what waits'

export interface Coordinators {
  readonly urls: readonly string[]
  readonly processes: readonly ServerProcess[]
  readonly stop: () => Promise<void>
}

/** Starts coordinators as their operators do, from what is published. Resolves when all of them serve and work together. */
export async function startCoordinators(
  folder: string,
  count: number,
  env: Record<string, string> = {},
): Promise<Coordinators> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const processes: ServerProcess[] = []
  const stop = async () => void (await Promise.all(processes.map((one) => one.stop())))
  try {
    for (const index of urls.keys()) processes.push(await startCoordinator(folder, urls, index, env))
    await together(urls)
  } catch (error) {
    await stop()
    throw error
  }
  return { urls, processes, stop }
}

export async function startCoordinator(
  folder: string,
  urls: readonly string[],
  index: number,
  env: Record<string, string> = {},
): Promise<ServerProcess> {
  const own = join(folder, `node-${index}`)
  mkdirSync(own, { recursive: true })
  const url = urls[index]!
  const server = new ServerProcess('coordinator', process.execPath, [entry], {
    cwd: own,
    env: {
      NODE_ENV: 'production',
      SKYCLAW_TOKEN: token,
      SKYCLAW_COORDINATOR_HOST: '127.0.0.1',
      SKYCLAW_COORDINATOR_PORT: new URL(url).port,
      SKYCLAW_COORDINATOR_PUBLIC_URL: url,
      SKYCLAW_COORDINATOR_NODE_ID: `node-${index}`,
      SKYCLAW_DB_PATH: join(own, 'coordinator.db'),
      SKYCLAW_LOG_LEVEL: 'warn',
      ...(index > 0 && { SKYCLAW_PEER_URLS: urls[0]! }),
      ...env,
    },
  })
  try {
    await server.ready(async () => (await fetch(`${url}/health`)).ok)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

/** Waits until every coordinator finds all others usable. */
async function together(urls: readonly string[]): Promise<void> {
  const deadline = performance.now() + 30_000
  for (const url of urls) {
    const client = createClient({ coordinators: [url], token, learn: false })
    for (;;) {
      const { peers } = await client.peers()
      if (peers.filter(({ state, ready }) => state === 'alive' && ready !== false).length === urls.length - 1) break
      if (performance.now() > deadline) throw new Error(`${url} does not find the others`)
      await new Promise((done) => setTimeout(done, 50))
    }
    await client.close()
  }
}
