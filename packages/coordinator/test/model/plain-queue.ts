import type { JobStatus } from '@skyclaw/protocol'

/** A job as plain as can be: what the model knows of it. */
export interface PlainJob {
  readonly id: string
  readonly order: number
  readonly needs: readonly string[]
  readonly priority: number
  runAt: number
  status: JobStatus
  host?: string | undefined
  endedAt?: number
}

/** The queue as a person would write it down: an array, sorted when somebody asks. Written without a look at the store. */
export class PlainQueue {
  readonly jobs: PlainJob[] = []
  #made = 0

  add(job: Pick<PlainJob, 'id' | 'needs' | 'priority' | 'runAt'>): void {
    this.jobs.push({ ...job, order: this.#made++, status: 'queued' })
  }

  find(id: string): PlainJob | undefined {
    return this.jobs.find((job) => job.id === id)
  }

  claim(host: string, offers: readonly string[], max: number, now: number): string[] {
    const best = this.jobs
      .filter((job) => job.status === 'queued' && job.runAt <= now && job.needs.every((need) => offers.includes(need)))
      .toSorted((a, b) => b.priority - a.priority || a.runAt - b.runAt || a.order - b.order)
      .slice(0, max)
    for (const job of best) Object.assign(job, { status: 'leased', host })
    return best.map(({ id }) => id)
  }

  end(job: PlainJob, status: JobStatus, now: number): void {
    Object.assign(job, { status, host: undefined, endedAt: now })
  }

  requeue(job: PlainJob, runAt: number): void {
    Object.assign(job, { status: 'queued', host: undefined, runAt })
  }

  prune(before: number): number {
    const old = this.jobs.filter(({ endedAt }) => endedAt !== undefined && endedAt < before)
    for (const job of old) this.jobs.splice(this.jobs.indexOf(job), 1)
    return old.length
  }

  counts(): Record<JobStatus, number> {
    const counts = { queued: 0, leased: 0, completed: 0, failed: 0, cancelled: 0 }
    for (const { status } of this.jobs) counts[status] += 1
    return counts
  }

  newestFirst(status?: JobStatus): string[] {
    return this.jobs
      .filter((job) => status === undefined || job.status === status)
      .toSorted((a, b) => b.order - a.order)
      .map(({ id }) => id)
  }
}
