import { createClient, type SkyclawClient } from '@skyclaw/client'
import type { Daemon } from './daemon.ts'

interface Options {
  readonly name: string
  readonly url: string
  readonly token: string
  /** Starts its process. */
  readonly begin: () => Daemon
}

/** One coordinator over all its processes: name, address and data stay. */
export class Coordinator {
  readonly name: string
  readonly url: string
  /** Asks this one alone. */
  readonly client: SkyclawClient
  readonly #begin: () => Daemon
  /** Its latest process. */
  daemon: Daemon

  constructor({ name, url, token, begin }: Options) {
    this.name = name
    this.url = url
    this.client = createClient({ coordinators: [url], token })
    this.#begin = begin
    this.daemon = begin()
  }

  restart(): void {
    this.daemon = this.#begin()
  }

  /** Whether it has caught up and hears so many others, which have caught up too. */
  async isAmong(others: number): Promise<boolean> {
    // While it starts there is nobody to ask.
    const view = await this.client.peers({ timeoutMs: 1_000 }).catch(() => undefined)
    const heard = view?.peers.filter(({ state, ready }) => state === 'alive' && ready === true) ?? []
    return view?.self.ready === true && heard.length === others
  }

  /** How it knows the jobs: a line each, in the order of their ids. */
  async knownJobs(): Promise<string[]> {
    const { jobs } = await this.client.jobs.list({ limit: 100 })
    return jobs.map(({ id, status, attempts }) => `${id} ${status} after ${attempts}`).toSorted()
  }
}
