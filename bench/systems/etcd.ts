import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, ServerProcess, versionOf } from '../server-process.ts'

export interface Etcd {
  readonly urls: readonly string[]
  readonly processes: readonly ServerProcess[]
  readonly stop: () => Promise<void>
}

/** A cluster with etcd's defaults: an fsync of the log before each answer, on a majority. */
export async function startEtcd(folder: string, count: number): Promise<Etcd> {
  const ports = await Promise.all(Array.from({ length: 2 * count }, freePort))
  const client = (index: number) => `http://127.0.0.1:${ports[index]}`
  const peer = (index: number) => `http://127.0.0.1:${ports[count + index]}`
  const cluster = Array.from({ length: count }, (_, index) => `m${index}=${peer(index)}`).join(',')
  const processes = Array.from({ length: count }, (_, index) => {
    const own = join(folder, `etcd-${index}`)
    mkdirSync(own, { recursive: true })
    const flags = {
      name: `m${index}`,
      'data-dir': join(own, 'data'),
      'listen-client-urls': client(index),
      'advertise-client-urls': client(index),
      'listen-peer-urls': peer(index),
      'initial-advertise-peer-urls': peer(index),
      'initial-cluster': cluster,
      'initial-cluster-state': 'new',
      'log-level': 'error',
    }
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    return new ServerProcess('etcd', 'etcd', args, { cwd: own })
  })
  const urls = processes.map((_, index) => client(index))
  // Its data goes with it; a member that is asked to stop first waits some seconds for the others.
  const stop = async () => void (await Promise.all(processes.map((one) => one.stop('SIGKILL'))))
  try {
    await Promise.all(processes.map((one, index) => one.ready(() => isHealthy(urls[index]!))))
  } catch (error) {
    await stop()
    throw error
  }
  return { urls, processes, stop }
}

const gateway = 'v3'
/** Where its JSON gateway takes a key and a value, and where it counts keys. */
export const etcdPutPath = `/${gateway}/kv/put`
export const etcdCountPath = `/${gateway}/kv/range`

export const etcdDurability = 'an fsync of the log on a majority before each answer'
export const etcdSettings = 'defaults (fsync is always on); three members'

export async function etcdMissing(): Promise<string | undefined> {
  return (await versionOf('etcd', '--version')) === undefined
    ? 'etcd is not installed (Debian: apt-get install etcd-server)'
    : undefined
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = (await (await fetch(`${url}/health`)).json()) as { health?: string }
  return answer.health === 'true'
}
