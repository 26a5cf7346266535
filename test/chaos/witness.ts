import { type AttemptOutcome, isTerminal, type Job } from '@skyclaw/protocol'

/** What a host said of an attempt, and was told to be recorded. */
export interface Report {
  /** What the attempt's outcome may be from then on. */
  readonly outcomes: readonly AttemptOutcome[]
  /** The output of a process that has ended. */
  readonly stdout?: string
}

/** What is known of a job, each fact with the time when it was learned. Times are counted by `Witness.now`. */
interface Facts {
  readonly id: string
  readonly tag: string
  acknowledgedAt?: number
  /** Attempt to host, and when the attempt was first seen. */
  readonly fences: Map<number, { hostId: string; seenAt: number }>
  readonly reports: Map<number, Report & { at: number }>
  cancel?: { at: number; attempts: number }
  end?: { at: number; digest: string }
}

export interface WitnessOptions {
  /**
   * Several coordinators answer. What one of them reads may be older than what another one has acknowledged, and is held only to what
   * can never be; and one request may make twins while they do not see each other, of which `checkTwins` finds one standing.
   */
  readonly several: boolean
}

const maxViolations = 20
const maxRecent = 100

/**
 * Remembers every answer that the coordinator ever gave, over all its restarts, and checks each new one against them. An answer may be older
 * than others that were read before it, so it is held only to what was known when its request was first sent.
 */
export class Witness {
  readonly violations: string[] = []
  /** Requests that were answered. */
  answers = 0
  readonly #several: boolean
  readonly #jobs = new Map<string, Facts>()
  /** What the request that made a job wrote into it, to the ids of the jobs that were made: one, twins aside. */
  readonly #ids = new Map<string, Set<string>>()
  /** Fence to the claim that was given it. */
  readonly #grants = new Map<string, string>()
  readonly #recentIds: string[] = []
  #time = 0

  constructor({ several }: WitnessOptions = { several: false }) {
    this.#several = several
  }

  /** A time after everything learned so far and before everything to come. */
  now(): number {
    return (this.#time += 1)
  }

  violate(sentence: string, context?: unknown): void {
    if (this.violations.length < maxViolations) {
      this.violations.push(context === undefined ? sentence : `${sentence}: ${JSON.stringify(context)}`)
    }
  }

  /** The job that the request tagged so was answered with. */
  acknowledged(tag: string, job: Job, sentAt: number): void {
    const facts = this.saw(job, sentAt)
    if (facts.tag !== tag) this.violate(`the request ${tag} was answered with the job of ${facts.tag}`, job)
    facts.acknowledgedAt ??= this.now()
  }

  /** A claim was answered with this job. */
  leased(hostId: string, claimKey: string, job: Job, sentAt: number): void {
    this.saw(job, sentAt)
    if (job.status !== 'leased' || job.assignedHostId !== hostId)
      this.violate(`${hostId} was given a job not leased to it`, job)
    const fence = `${job.id} ${job.attempts}`
    const earlier = this.#grants.get(fence) ?? claimKey
    if (earlier !== claimKey)
      this.violate(`attempt ${job.attempts} was given to the claims ${earlier} and ${claimKey}`, job)
    this.#grants.set(fence, claimKey)
  }

  reported(job: Job, attempt: number, report: Report, sentAt: number): void {
    const facts = this.saw(job, sentAt)
    this.#checkReport(job, attempt, report)
    if (report.stdout !== undefined && job.attempts !== attempt) {
      this.violate(`a report of attempt ${attempt} was accepted from a host that had lost its lease`, job)
    }
    facts.reports.set(attempt, { ...report, at: this.now() })
  }

  cancelled(job: Job, sentAt: number): void {
    const facts = this.saw(job, sentAt)
    facts.cancel ??= { at: this.now(), attempts: job.attempts }
    this.#checkCancel(facts, job, this.now())
  }

  /** A job as an answer shows it that changed nothing, and comes from what that coordinator knows. */
  read(job: Job, sentAt: number): void {
    this.saw(job, this.#several ? 0 : sentAt)
  }

  /** A job as some answer shows it; `sentAt` is when its request was first sent. */
  saw(job: Job, sentAt: number): Facts {
    const facts = this.#factsOf(job)
    this.#checkFences(facts, job, sentAt)
    this.#checkEnd(facts, job, sentAt)
    this.#checkReports(facts, job, sentAt)
    this.#checkCancel(facts, job, sentAt)
    return facts
  }

  /** All jobs as one listing shows them that began at `sentAt`. */
  sawAll(jobs: readonly Job[], sentAt: number): void {
    const listed = new Set(jobs.map(({ id }) => id))
    if (listed.size < jobs.length) this.violate('a listing shows a job twice')
    for (const job of jobs) this.saw(job, sentAt)
    for (const { id, tag, acknowledgedAt } of this.#jobs.values()) {
      const due = acknowledgedAt !== undefined && acknowledgedAt < sentAt
      if (due && !listed.has(id)) this.violate(`job ${id} of ${tag} was acknowledged and is gone`)
    }
  }

  /**
   * All jobs after all is quiet: of several that one request made, each leads to one that stands. One stands, and whichever a host had
   * when they met, within `meetMs` of the making of the latest. Says how many had twins, and how many were run beside their twin.
   */
  checkTwins(jobs: readonly Job[], meetMs: number): { met: number; ran: number } {
    const byTag = Map.groupBy(jobs, tagOf)
    let ran = 0
    for (const [tag, ids] of this.#ids) {
      const made = byTag.get(tag) ?? []
      const standing = made.filter(({ duplicateOf }) => duplicateOf === undefined)
      const led = made.every(({ duplicateOf }) => !duplicateOf || standing.some(({ id }) => id === duplicateOf))
      const idle = standing.filter(({ attempts, cancelRequestedAt }) => attempts === 0 && !cancelRequestedAt)
      const isWhole = [...ids].every((id) => made.some((job) => job.id === id)) && standing.length > 0 && led
      if (!isWhole || (standing.length > 1 && idle.length > 0)) {
        this.violate(`the jobs of the request ${tag}, ${[...ids].join()}, are not one and its twins`, made)
      }
      const late = handedOutLate(standing, meetMs)
      if (late.length > 0) this.violate(`jobs were handed out beside their twins, ${late.join()}`, made)
      ran += Math.max(0, standing.length - 1)
    }
    return { met: [...byTag.values()].filter(({ length }) => length > 1).length, ran }
  }

  /** Jobs seen of late. */
  get recentIds(): readonly string[] {
    return this.#recentIds
  }

  /** Jobs that the coordinator has acknowledged. */
  get acknowledgedCount(): number {
    return [...this.#jobs.values()].filter((job) => job.acknowledgedAt !== undefined).length
  }

  #factsOf(job: Job): Facts {
    const tag = tagOf(job)
    const ids = this.#ids.get(tag) ?? new Set()
    this.#ids.set(tag, ids.add(job.id))
    if (ids.size > 1 && !this.#several) this.violate(`the request ${tag} made several jobs: ${[...ids].join()}`)
    const known = this.#jobs.get(job.id)
    if (known) {
      if (known.tag !== tag) this.violate(`job ${job.id} was that of ${known.tag}`, job)
      return known
    }
    const facts = { id: job.id, tag, fences: new Map(), reports: new Map() }
    this.#jobs.set(job.id, facts)
    this.#recentIds.push(job.id)
    if (this.#recentIds.length > maxRecent) this.#recentIds.shift()
    return facts
  }

  #checkFences(facts: Facts, job: Job, sentAt: number): void {
    const numbers = job.attemptHistory.map(({ attempt }) => attempt)
    if (numbers.length !== job.attempts || numbers.some((attempt, index) => attempt !== index + 1)) {
      this.violate('the attempts of a job are not numbered from 1 to their count', job)
    }
    const open = job.attemptHistory.filter(({ outcome }) => outcome === undefined).map(({ attempt }) => attempt)
    if (open.join() !== (job.status === 'leased' ? String(job.attempts) : '')) {
      this.violate('open attempts are not the one that holds the lease', job)
    }
    for (const { attempt, hostId } of job.attemptHistory) {
      const known = facts.fences.get(attempt)
      if (!known) facts.fences.set(attempt, { hostId, seenAt: this.now() })
      else if (known.hostId !== hostId) this.violate(`attempt ${attempt} was that of ${known.hostId}`, job)
    }
    for (const [attempt, { seenAt }] of facts.fences) {
      if (attempt > job.attempts && seenAt < sentAt) this.violate(`attempt ${attempt} is forgotten`, job)
    }
  }

  #checkEnd(facts: Facts, job: Job, sentAt: number): void {
    if (isTerminal(job.status)) {
      const digest = digestOf(job)
      facts.end ??= { at: this.now(), digest }
      if (facts.end.digest !== digest) this.violate(`a job changed after its end, when it was ${facts.end.digest}`, job)
    } else if (facts.end && facts.end.at < sentAt) {
      this.violate(`a job lives again after its end, when it was ${facts.end.digest}`, job)
    }
  }

  #checkReports(facts: Facts, job: Job, sentAt: number): void {
    for (const [attempt, report] of facts.reports) if (report.at < sentAt) this.#checkReport(job, attempt, report)
  }

  #checkReport(job: Job, attempt: number, { outcomes, stdout }: Report): void {
    const outcome = job.attemptHistory[attempt - 1]?.outcome
    const recorded = outcome !== undefined && outcomes.includes(outcome)
    const ended = outcome === 'completed' || (outcome === 'failed' && job.status === 'failed')
    const resultFits = !ended || job.attempts !== attempt || job.result?.stdout === stdout
    const endFits = outcome !== 'completed' || job.status === 'completed'
    if (!recorded || !resultFits || !endFits) {
      this.violate(`the acknowledged report ${stdout ?? outcomes.join()} of attempt ${attempt} is not recorded`, job)
    }
  }

  #checkCancel({ cancel }: Facts, job: Job, sentAt: number): void {
    if (!cancel || cancel.at >= sentAt) return
    const holds = job.cancelRequestedAt !== undefined && ['leased', 'cancelled', 'completed'].includes(job.status)
    if (!holds || job.attempts !== cancel.attempts) this.violate('an acknowledged cancel does not hold', job)
  }
}

/** The request that made a job has written its tag into the payload. */
function tagOf({ payload }: Job): string {
  return payload.args?.[0] ?? 'untagged'
}

/** Of jobs that one request made, those given to a host after all had met, though another stood in their place. */
function handedOutLate(twins: readonly Job[], meetMs: number): string[] {
  const metAt = Math.max(...twins.map(({ createdAt }) => Date.parse(createdAt))) + meetMs
  const startedAt = ({ attemptHistory }: Job) =>
    Math.max(0, ...attemptHistory.map((entry) => Date.parse(entry.startedAt)))
  return twins.flatMap((job) => {
    const others = twins.filter(({ id }) => id !== job.id)
    // One alone is handed out: the oldest, until another one ends first, which then stands.
    const late = others.some((other) => {
      const endedAt = Date.parse(other.updatedAt) + meetMs
      return startedAt(job) > metAt && (startedAt(other) > metAt || startedAt(job) > endedAt)
    })
    return late ? [job.id] : []
  })
}

/** A terminal job without what may still be added beside it: late reports of attempts that had lost their lease. */
function digestOf({ superseded: _superseded, ...job }: Job): string {
  const attemptHistory = job.attemptHistory.map((entry) => {
    const { exitCode: _exitCode, durationMs: _durationMs, usage: _usage, ...rest } = entry
    return entry.outcome === 'superseded' ? { ...rest, outcome: 'lease_lost' } : entry
  })
  return JSON.stringify({ ...job, attemptHistory })
}
