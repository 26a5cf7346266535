import { randomBytes } from 'node:crypto'
import { createClient, type SkyclawClient } from '@skyclaw/client'
import { freePort } from '../test/support/free-port.ts'
import { Coordinator } from './coordinator.ts'
import { Daemon, poll } from './daemon.ts'
import { say } from './watch.ts'
import { allowedCommands } from './work.ts'

const startMs = 20_000
const stopMs = 5_000

/** Short, so that a killed host is missed soon. */
const leaseMs = '2000'

const servesLine = '"standalone":true'
const joinedLine = 'joined the network through'

/** Coordinators that must have a change on disk before it is acknowledged, as soon as there are so many: the default. */
export const minReplications = 2

/** Three coordinators and two hosts, each a process of its own, with all their data in one folder. */
export class Network {
  /** Goes to the next coordinator when one does not answer. */
  readonly client: SkyclawClient
  readonly coordinators: readonly Coordinator[]
  /** By the id of the host. */
  readonly hosts: ReadonlyMap<string, Daemon>

  private constructor(client: SkyclawClient, coordinators: readonly Coordinator[], hosts: readonly Daemon[]) {
    this.client = client
    this.coordinators = coordinators
    this.hosts = new Map(hosts.map((host) => [host.name, host]))
  }

  /** Starts everything and waits until all are there. `started` is told of each process as soon as it runs. */
  static async start(folder: string, openclawCommand: string, started: (daemon: Daemon) => void): Promise<Network> {
    const token = randomBytes(16).toString('hex')
    const begin = (name: string, words: string[], settings: Record<string, string>): Daemon => {
      const daemon = new Daemon(name, words, folder, { SKYCLAW_TOKEN: token, ...settings })
      started(daemon)
      return daemon
    }
    const places = await placesOf(['node-a', 'node-b', 'node-c'])
    const hosts = ['anvil', 'bellows'].map((name) =>
      begin(name, ['host'], {
        SKYCLAW_COORDINATOR_URLS: urlsOf(places),
        SKYCLAW_HOST_NAME: name,
        SKYCLAW_HOST_ID: name,
        SKYCLAW_HOST_DIR: `${folder}/${name}`,
        SKYCLAW_ALLOWED_COMMANDS: allowedCommands,
        SKYCLAW_OPENCLAW_COMMAND: openclawCommand,
        SKYCLAW_MAX_PARALLEL: '2',
      }),
    )
    const coordinators: Coordinator[] = []
    for (const [index, { name, port, url }] of places.entries()) {
      const before = places[index - 1]
      const settings = {
        SKYCLAW_COORDINATOR_HOST: '127.0.0.1',
        SKYCLAW_COORDINATOR_NODE_ID: name,
        SKYCLAW_COORDINATOR_PORT: String(port),
        ...(before && { SKYCLAW_PEER_URLS: before.url }),
        SKYCLAW_DB_PATH: `${folder}/${name}.db`,
        SKYCLAW_LEASE_MS: leaseMs,
      }
      const coordinator = new Coordinator({ name, url, token, begin: () => begin(name, ['coordinator'], settings) })
      coordinators.push(coordinator)
      await coordinator.daemon.said(before ? joinedLine : servesLine, startMs)
      say(
        before ? `${name} was told the URL of ${before.name} alone, and has joined` : `${name} is up, and stands alone`,
      )
    }
    const client = createClient({ coordinators: coordinators.map(({ url }) => url), token })
    const network = new Network(client, coordinators, hosts)
    await network.isWhole()
    await poll('both hosts to register', startMs, async () => {
      const { hosts: registered } = await client.hosts.list()
      return registered.length === hosts.length ? true : undefined
    })
    return network
  }

  /** Waits until every coordinator hears every other. */
  async isWhole(): Promise<void> {
    const others = this.coordinators.length - 1
    await poll('the coordinators to hear each other', startMs, async () => {
      const among = await Promise.all(this.coordinators.map((coordinator) => coordinator.isAmong(others)))
      return among.every(Boolean) ? true : undefined
    })
  }

  /** Waits until all of these know the same of all jobs, and that is so many. */
  async agree(coordinators: readonly Coordinator[], jobs: number, timeoutMs: number): Promise<void> {
    await poll(`${coordinators.map(({ name }) => name).join(', ')} to know the same`, timeoutMs, async () => {
      const [first = [], ...others] = await Promise.all(coordinators.map((coordinator) => coordinator.knownJobs()))
      const same = others.every((other) => other.join() === first.join())
      return same && first.length === jobs ? true : undefined
    })
  }

  /** Stops what still runs, hosts first. Fails when one does not go in order. */
  async stop(killed: Daemon): Promise<void> {
    await Promise.all([this.client, ...this.coordinators.map(({ client }) => client)].map((client) => client.close()))
    for (const daemon of [...this.hosts.values(), ...this.coordinators.map((coordinator) => coordinator.daemon)]) {
      if (daemon === killed) continue
      const how = await daemon.stop(stopMs)
      if (how !== 'exit code 0') throw new Error(`${daemon.name} ended with ${how} when asked to stop`)
    }
  }
}

interface Place {
  readonly name: string
  readonly port: number
  readonly url: string
}

/** Each needs a port of its own that is known beforehand, since it is told to the others. */
async function placesOf(names: readonly string[]): Promise<Place[]> {
  const ports = new Set<number>()
  while (ports.size < names.length) ports.add(await freePort())
  return [...ports].map((port, index) => ({ name: names[index] ?? '', port, url: `http://127.0.0.1:${port}` }))
}

function urlsOf(places: readonly Place[]): string {
  return places.map(({ url }) => url).join(',')
}
