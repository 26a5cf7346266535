import type { Job } from '@skyclaw/protocol'
import type { Answer, Http } from './http.ts'
import { until } from './until.ts'

const beatEveryMs = 250

/** A host played by a test, request by request: nothing is sent that the test does not ask for. */
export class RawHost {
  readonly id: string
  readonly #http: Http

  private constructor(http: Http, id: string) {
    this.#http = http
    this.id = id
  }

  static async register(http: Http, name: string, capabilities: string[] = ['shell']): Promise<RawHost> {
    const { host } = await http.must('registerHost', { body: { name, hostId: name, capabilities } })
    return new RawHost(http, host.id)
  }

  /** The same host at a coordinator that has started again. */
  at(http: Http): RawHost {
    return new RawHost(http, this.id)
  }

  /** Jobs that it was given, up to `max`; none when nothing came within `waitMs`. */
  async claim({ waitMs = 0, max = 1 }: { waitMs?: number; max?: number } = {}): Promise<Job[]> {
    const { jobs } = await this.#http.must('claimJobs', { params: { id: this.id }, body: { waitMs, max } })
    return jobs ?? []
  }

  /** The one job that it waits for, beating meanwhile as live hosts do; rejects when none comes. */
  async claimOne(waitMs: number): Promise<Job> {
    const beats = setInterval(() => void this.beat().catch(() => undefined), beatEveryMs)
    try {
      const [job] = await this.claim({ waitMs })
      if (job) return job
    } finally {
      clearInterval(beats)
    }
    throw new Error(`${this.id} was given no job within ${waitMs} ms`)
  }

  /** Claims and completes until it has done so many jobs. */
  async finish(count: number): Promise<void> {
    const done = new Set<string>()
    const work = async () => {
      const jobs = await this.claim({ waitMs: 500, max: Math.min(100, count - done.size) })
      const answers = await Promise.all(jobs.map((job) => this.complete(job)))
      for (const answer of answers) if (answer.ok) done.add(answer.body.job.id)
      if (done.size >= count) return true
      throw new Error(`${done.size} are done, lately ${JSON.stringify(answers.find(({ ok }) => !ok))}`)
    }
    await until(`${this.id} to finish ${count} jobs`, work, { deadlineMs: 15_000, everyMs: 1 })
  }

  /** Without jobs it renews the leases of all that it holds. */
  beat(jobs?: readonly Job[]) {
    const refs = jobs?.map(({ id, attempts }) => ({ id, attempt: attempts }))
    return this.#http.must('heartbeat', { params: { id: this.id }, body: refs ? { jobs: refs } : {} })
  }

  /** Reports the attempt that the job shows. */
  complete(job: Job, success = true): Promise<Answer<'completeJob'>> {
    const outcome = { success, exitCode: success ? 0 : 1, durationMs: 1, stdout: `by ${this.id}`, stderr: '' }
    const body = { hostId: this.id, attempt: job.attempts, ...outcome }
    return this.#http.call('completeJob', { params: { id: job.id }, body })
  }
}
