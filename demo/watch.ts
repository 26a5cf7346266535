import { isTerminal, type Job } from '@skyclaw/protocol'
import type { SkyclawClient } from '@skyclaw/client'

const startedAt = performance.now()
let saidAt = startedAt

/** Milliseconds since something was said. */
export function silenceMs(): number {
  return performance.now() - saidAt
}

/** One line of what happens, with the time since the start. */
export function say(text: string): void {
  saidAt = performance.now()
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${text}`)
}

/** Says what changed since it was asked last, job by job. */
export class Watch {
  readonly #client: SkyclawClient
  readonly #titles: ReadonlyMap<string, string>
  readonly #hosts: ReadonlyMap<string, string>
  readonly #said = new Map<string, number>()

  constructor(client: SkyclawClient, titles: ReadonlyMap<string, string>, hosts: ReadonlyMap<string, string>) {
    this.#client = client
    this.#titles = titles
    this.#hosts = hosts
  }

  /** The jobs as they are now. */
  async look(): Promise<Job[]> {
    const { jobs } = await this.#client.jobs.list({ limit: 100 })
    const known = jobs.filter(({ id }) => this.#titles.has(id))
    const events = known.flatMap((job) => {
      const all = this.#eventsOf(job)
      const fresh = all.slice(this.#said.get(job.id) ?? 0)
      this.#said.set(job.id, all.length)
      return fresh
    })
    // Times as the hosts and the coordinator took them, so that jobs seen at once stand in their order.
    for (const { text } of events.toSorted((a, b) => a.at - b.at)) say(text)
    return known
  }

  /** The jobs, once all have ended. */
  async ended(): Promise<Job[] | undefined> {
    const jobs = await this.look()
    return jobs.every(({ status }) => isTerminal(status)) ? jobs : undefined
  }

  #eventsOf(job: Job): { at: number; text: string }[] {
    const title = `"${this.#titles.get(job.id)}"`
    return job.attemptHistory.flatMap(({ attempt, hostId, startedAt: began, finishedAt, outcome }) => {
      const host = this.#hosts.get(hostId) ?? hostId
      const again = attempt > 1 ? `, try ${attempt}` : ''
      const events = [{ at: Date.parse(began), text: `${host} runs ${title}${again}` }]
      if (finishedAt !== undefined && outcome !== undefined) {
        const ended =
          outcome === 'lease_lost' ? `${host} is lost: ${title} goes back to the queue` : `${title} ${outcome}`
        events.push({ at: Date.parse(finishedAt), text: ended })
      }
      return events
    })
  }
}
