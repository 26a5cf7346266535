import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BodyOf, Job, OperationId, ResponseOf, Routes } from '@skyclaw/protocol'
import type { Answer, Caller, Http, Request } from '../support/http.ts'
import { type Entry, type History, type JobView, viewOf } from './history/entry.ts'

type Without<Known extends string> = Entry extends infer Each ? (Each extends Entry ? Omit<Each, Known> : never) : never
/** An entry without its times. */
export type Event = Without<'at' | 'until'>

/** Writes down who called whom, when, and what was answered. */
export class Recorder {
  readonly entries: Entry[] = []
  /** Holds the history and the logs when a run has failed. */
  readonly folder: string
  readonly #startedAt = performance.now()
  readonly #acknowledged: string[] = []

  constructor(seed: number) {
    this.folder = join(tmpdir(), `skyclaw-chaos-${seed}`)
  }

  now(): number {
    return performance.now() - this.#startedAt
  }

  /** Writes down what was sent at that time and has been answered now. */
  answered(at: number, event: Event): void {
    this.entries.push({ ...event, at, until: this.now() })
    if (event.did === 'enqueue') for (const { id } of event.jobs ?? []) this.#acknowledged.push(id)
  }

  /** Writes down what was sent at that time and will not be answered any more. */
  unanswered(at: number, event: Event): void {
    this.entries.push({ ...event, at })
  }

  /** Jobs that were acknowledged, the latest last. */
  get acknowledged(): readonly string[] {
    return this.#acknowledged
  }

  /** What the processes of hosts have left behind: a line for each job that has run there. */
  addRuns(who: string, file: string): void {
    if (!existsSync(file)) return
    for (const stdout of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      const [tag = ''] = stdout.split(' ')
      this.unanswered(this.now(), { did: 'run', who, tag, stdout: `${stdout}\n` })
    }
  }

  /** Leaves the history as a file of JSON lines, in the order of its times, and beside it what the processes logged. Answers the folder. */
  save(logs: ReadonlyMap<string, string> = new Map()): string {
    mkdirSync(this.folder, { recursive: true })
    const lines = this.history.map((entry) => `${JSON.stringify(entry)}\n`)
    writeFileSync(join(this.folder, 'history.jsonl'), lines.join(''))
    for (const [name, text] of logs) writeFileSync(join(this.folder, `${name}.log`), text)
    return this.folder
  }

  get history(): History {
    return this.entries.toSorted((one, other) => one.at - other.at)
  }
}

/** What hosts send of which the history tells. */
const told = new Set<OperationId>(['claimJobs', 'completeJob', 'releaseJob'])

/** Sends what a host sends to one coordinator, and has it written down. */
export class RecordedCaller implements Caller {
  readonly #recorder: Recorder
  readonly #who: string
  readonly #coordinator: string
  readonly #http: Http

  constructor(recorder: Recorder, who: string, coordinator: string, http: Http) {
    this.#recorder = recorder
    this.#who = who
    this.#coordinator = coordinator
    this.#http = http
  }

  async call<Id extends OperationId>(operationId: Id, request: Request<Id> = {}): Promise<Answer<Id>> {
    const at = this.#recorder.now()
    const by = { who: this.#who, coordinator: this.#coordinator }
    const write = (jobs?: readonly JobView[]) => {
      const event = told.has(operationId) && eventOf(operationId, request, by, jobs)
      if (!event) return
      if (jobs) this.#recorder.answered(at, event)
      else this.#recorder.unanswered(at, event)
    }
    try {
      const answer = await this.#http.call(operationId, request)
      write(answer.ok ? jobsIn(answer.body) : undefined)
      return answer
    } catch (error) {
      write()
      throw error
    }
  }
}

/** A request of whichever operation. */
interface Sent {
  readonly params?: unknown
  readonly body?: unknown
  readonly key?: string
}

function eventOf(
  operationId: OperationId,
  { params, body, key = '' }: Sent,
  by: { who: string; coordinator: string },
  jobs: readonly JobView[] | undefined,
): Event | undefined {
  const { id = '' } = (params ?? {}) as { id?: string }
  if (operationId === 'claimJobs') return jobs && { ...by, did: 'claim', key, jobs }
  const report = body as Partial<BodyOf<Routes['completeJob']>>
  const { attempt = 0, success, stdout } = report
  const outcome = operationId === 'releaseJob' ? 'drained' : success ? 'completed' : 'failed'
  return { ...by, did: 'report', id, attempt, outcome, ...(stdout !== undefined && { stdout }), ...(jobs && { jobs }) }
}

function jobsIn(body: ResponseOf<Routes[OperationId]>): JobView[] {
  const { job, jobs = job ? [job] : [] } = body as { job?: Job | null; jobs?: Job[] }
  return jobs.map(viewOf)
}
