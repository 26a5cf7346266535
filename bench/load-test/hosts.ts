/**
 * Hosts as coordinators see them: each is registered, beats, waits for jobs, waits for changes while it holds some, and reports what it
 * got as completed at once, with its fence. Nothing is executed.
 */
import { createClient, type SkyclawClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { setTimeout as sleep } from 'node:timers/promises'
import { settings } from '../load/drive.ts'
import { onOrder, Teller } from './told.ts'

const { urls, token, hosts, jobsOfHost, file, firstHost } = settings() as {
  urls: string[]
  token: string
  hosts: number
  jobsOfHost: number
  /** The number of this process's first host. */
  firstHost: number
  /** `got JOB FENCE HOST` for each job handed over, `did JOB FENCE HOST` for each report that was taken. */
  file: string
}
interface Held {
  readonly id: string
  readonly attempt: number
}
const heartbeatMs = 5_000
const waitMs = 25_000
const pauseMs = 200
const output = { success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
const teller = new Teller(file)
const transport = undiciTransport({ connections: hosts * 4 })
const state = { working: false, ended: false }

class StandInHost {
  readonly #client: SkyclawClient
  readonly #id: string
  readonly #held = new Map<string, Held>()

  constructor(client: SkyclawClient, id: string) {
    this.#client = client
    this.#id = id
  }

  async beat(): Promise<void> {
    await sleep(Math.random() * heartbeatMs)
    while (!state.ended) {
      const startedAt = performance.now()
      const jobs = [...this.#held.values()]
      const body = { activeLeases: jobs.length, jobs }
      await this.#client.call('heartbeat', { params: { id: this.#id }, body }).catch((error) => teller.failed(error))
      teller.took(performance.now() - startedAt)
      await sleep(Math.max(0, startedAt + heartbeatMs - performance.now()))
    }
  }

  async watch(): Promise<void> {
    let seen: string | undefined
    while (!state.ended) {
      if (this.#held.size === 0) {
        await sleep(pauseMs)
        continue
      }
      const query = { waitMs, ...(seen !== undefined && { seen }) }
      try {
        seen = (await this.#client.call('watchHost', { params: { id: this.#id }, query })).seen
      } catch (error) {
        teller.failed(error)
        await sleep(pauseMs)
      }
    }
  }

  async work(): Promise<void> {
    while (!state.ended) {
      if (!state.working) await sleep(pauseMs)
      else
        await this.#workOnce().catch(async (error) => {
          teller.failed(error)
          await sleep(pauseMs)
        })
    }
  }

  async #workOnce(): Promise<void> {
    const { jobs = [] } = await this.#client.call('claimJobs', {
      params: { id: this.#id },
      body: { max: jobsOfHost, waitMs },
    })
    for (const { id, attempts } of jobs) {
      teller.line(`got ${id} ${attempts} ${this.#id}`)
      this.#held.set(id, { id, attempt: attempts })
    }
    while (this.#held.size > 0 && !state.ended) await this.#report([...this.#held.values()])
  }

  async #report(held: readonly Held[]): Promise<void> {
    const reports = held.map((job) => ({ ...job, hostId: this.#id, ...output }))
    const { results } = await this.#client.call('completeJobs', { body: { reports } })
    for (const [index, { id, attempt }] of held.entries()) {
      const { status, problem } = results[index]!
      if (status === 'completed') {
        teller.line(`did ${id} ${attempt} ${this.#id}`)
        teller.done(1)
      } else teller.failed({ code: problem?.code ?? `ended_as_${status}` })
      // What may be reported again is; what was refused for good has gone to another host.
      if (!problem || problem.status < 500) this.#held.delete(id)
    }
  }
}

/** As long as it takes, as hosts do. */
async function register(client: SkyclawClient, body: { name: string; capabilities: string[]; maxParallel: number }) {
  for (;;) {
    try {
      return (await client.call('registerHost', { body })).host.id
    } catch (error) {
      teller.failed(error)
      await sleep(pauseMs)
    }
  }
}

async function start(index: number): Promise<void> {
  const first = index % urls.length
  const coordinators = [...urls.slice(first), ...urls.slice(0, first)]
  const client = createClient({ coordinators, token, transport, learn: false })
  const body = { name: `host-${index}`, capabilities: ['shell'], maxParallel: jobsOfHost }
  const standIn = new StandInHost(client, await register(client, body))
  void Promise.all([standIn.beat(), standIn.watch(), standIn.work()])
}

onOrder((order) => {
  if (order.kind === 'work') state.working = true
  if (order.kind === 'end') {
    state.ended = true
    teller.end()
  }
})
for (let index = 0; index < hosts; index += 1) await start(firstHost + index)
