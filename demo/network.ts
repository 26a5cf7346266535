import { randomBytes } from 'node:crypto'
import { createClient, type SkyclawClient } from '@skyclaw/client'
import { Daemon, poll } from './daemon.ts'
import { allowedCommands } from './work.ts'

const startMs = 15_000
const stopMs = 5_000

/** Short, so that a killed host is missed soon. */
const leaseMs = '2000'

/** A coordinator and two hosts, each a process of its own, with all their data in one folder. */
export class Network {
  readonly client: SkyclawClient
  readonly coordinator: Daemon
  /** By the id of the host. */
  readonly hosts: ReadonlyMap<string, Daemon>

  constructor(client: SkyclawClient, coordinator: Daemon, hosts: ReadonlyMap<string, Daemon>) {
    this.client = client
    this.coordinator = coordinator
    this.hosts = hosts
  }

  /** Starts everything and waits until both hosts are there. `started` is told of each process as soon as it runs. */
  static async start(folder: string, openclawCommand: string, started: (daemon: Daemon) => void): Promise<Network> {
    const begin = (name: string, words: string[], settings: Record<string, string>): Daemon => {
      const daemon = new Daemon(name, words, folder, { SKYCLAW_TOKEN: token, ...settings })
      started(daemon)
      return daemon
    }
    const token = randomBytes(16).toString('hex')
    const coordinator = begin('coordinator', ['coordinator'], {
      SKYCLAW_COORDINATOR_HOST: '127.0.0.1',
      SKYCLAW_COORDINATOR_PORT: '0',
      SKYCLAW_DB_PATH: `${folder}/coordinator.db`,
      SKYCLAW_LEASE_MS: leaseMs,
    })
    const url = await coordinator.field('url', startMs)
    const names = ['anvil', 'bellows']
    const hosts = names.map((name) =>
      begin(name, ['host'], {
        SKYCLAW_COORDINATOR_URL: url,
        SKYCLAW_HOST_NAME: name,
        SKYCLAW_HOST_ID: name,
        SKYCLAW_HOST_DIR: `${folder}/${name}`,
        SKYCLAW_ALLOWED_COMMANDS: allowedCommands,
        SKYCLAW_OPENCLAW_COMMAND: openclawCommand,
        SKYCLAW_MAX_PARALLEL: '2',
      }),
    )
    const client = createClient({ coordinators: [url], token })
    const network = new Network(client, coordinator, new Map(hosts.map((host) => [host.name, host])))
    await poll('both hosts to register', startMs, async () => {
      const { hosts: registered } = await client.hosts.list()
      return registered.length === names.length ? true : undefined
    })
    return network
  }

  /** Stops what still runs, hosts first. Fails when one does not go in order. */
  async stop(killed: Daemon): Promise<void> {
    await this.client.close()
    for (const daemon of [...this.hosts.values(), this.coordinator]) {
      if (daemon === killed) continue
      const how = await daemon.stop(stopMs)
      if (how !== 'exit code 0') throw new Error(`${daemon.name} ended with ${how} when asked to stop`)
    }
  }
}
