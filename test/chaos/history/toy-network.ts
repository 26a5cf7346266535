import type { AttemptView, Entry, JobView } from './entry.ts'
import { hasEnded } from './entry.ts'

/** A whole number below `bound`. */
export type Roll = (bound: number) => number

const coordinators = ['a', 'b', 'c']
const hosts = ['host-1', 'host-2', 'host-3']
const longestCallMs = 6
/** One call in so many is never answered, though it was heard. */
const unansweredEvery = 6
const twinEvery = 8
const wipeEvery = 40

interface Held {
  readonly id: string
  readonly hostId: string
  readonly attempt: number
}

/** A network that keeps every promise, in a few lines: coordinators learn late what others know, answers get lost, twins are made. */
export class ToyNetwork {
  readonly history: Entry[] = []
  readonly #roll: Roll
  #now = 0
  #made = 0
  /** Each job in every state that it ever had. */
  readonly #jobs = new Map<string, JobView[]>()
  readonly #known = new Map(coordinators.map((name) => [name, new Map<string, number>()]))
  readonly #held: Held[] = []
  /** Each as likely as it is often here. */
  readonly #acts: readonly (() => void)[] = [
    ...[() => this.#enqueue(), () => this.#enqueue(), () => this.#get(), () => this.#get(), () => this.#list()],
    ...[() => this.#cancel(), () => this.#claim(), () => this.#claim(), () => this.#report(), () => this.#report()],
    ...[() => this.#loseLease(), () => this.#hear(), () => this.#hear()],
  ]

  constructor(roll: Roll) {
    this.#roll = roll
  }

  /** Something happens. */
  step(): void {
    this.#now += 1
    const act = this.#pick(this.#acts)!
    if (this.#roll(wipeEvery) === 0) return this.#wipe()
    act()
  }

  /** Everything comes to its end, and each coordinator shows it. */
  settle(): void {
    for (const twins of Map.groupBy(this.#latest, ({ tag }) => tag).values()) this.#joinTwins(twins)
    for (const host of this.#held.splice(0)) this.#end('a', host, 'lease_lost', 'queued')
    for (const job of this.#latest.filter((one) => !hasEnded(one))) {
      const at = coordinators[0]!
      this.#write(at, { ...job, status: 'leased', attempts: [...job.attempts, { hostId: hosts[0]! }] })
      this.#send({ did: 'claim', who: hosts[0]!, key: `last ${job.id}`, jobs: [this.#newest(job.id)] }, at)
      this.#held.push({ id: job.id, hostId: hosts[0]!, attempt: job.attempts.length + 1 })
      this.#report('completed')
    }
    this.#now += longestCallMs * 2
    for (const coordinator of coordinators) {
      const span = { who: 'checker', coordinator, at: this.#now, until: this.#now }
      for (const job of this.#latest) this.history.push({ ...span, did: 'look', jobs: [job] })
      this.history.push({ ...span, did: 'look at all' })
    }
  }

  get #latest(): JobView[] {
    return [...this.#jobs.values()].map((versions) => versions.at(-1)!)
  }

  #newest(id: string): JobView {
    return this.#jobs.get(id)!.at(-1)!
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[this.#roll(Math.max(1, values.length))]
  }

  #write(coordinator: string, job: JobView): void {
    const versions = this.#jobs.get(job.id) ?? []
    this.#jobs.set(job.id, [...versions, job])
    this.#known.get(coordinator)!.set(job.id, versions.length)
  }

  /** It happened now; it was sent somewhat earlier and is answered somewhat later. */
  #send(entry: object, coordinator: string): void {
    const answered = this.#roll(unansweredEvery) > 0
    const at = this.#now - this.#roll(longestCallMs)
    const { jobs: _jobs, ...request } = entry as { jobs?: unknown }
    const until = { until: this.#now + this.#roll(longestCallMs), coordinator }
    const isNothing = !answered && ['read', 'claim'].includes((entry as Entry).did)
    if (!isNothing) this.history.push({ who: 'client', at, ...(answered ? { ...entry, ...until } : request) } as Entry)
  }

  #enqueue(): void {
    const at = this.#pick(coordinators)!
    const old = this.#pick(this.#latest)
    const isTwin = old !== undefined && this.#roll(twinEvery) === 0
    const isRepeat = old !== undefined && this.#roll(3) === 0
    const tag = isTwin || isRepeat ? old.tag : `tag-${(this.#made += 1)}`
    if (isTwin || !isRepeat) this.#write(at, { id: `job-${(this.#made += 1)}`, tag, status: 'queued', attempts: [] })
    const job = isRepeat && !isTwin ? this.#newest(old.id) : this.#latest.at(-1)!
    if (isRepeat && !isTwin) this.#known.get(at)!.set(job.id, this.#jobs.get(job.id)!.length - 1)
    this.#send({ did: 'enqueue', tags: [tag], jobs: [job] }, at)
  }

  #get(): void {
    const at = this.#pick(coordinators)!
    const job = this.#pick(this.#latest)
    if (!job) return
    const known = this.#known.get(at)!
    // What it does not know it asks for.
    const index = known.get(job.id) ?? this.#jobs.get(job.id)!.length - 1
    known.set(job.id, index)
    this.#send({ did: 'read', how: 'get', jobs: [this.#jobs.get(job.id)![index]!] }, at)
  }

  #list(): void {
    const at = this.#pick(coordinators)!
    const jobs = [...this.#known.get(at)!].map(([id, index]) => this.#jobs.get(id)![index]!)
    this.#send({ did: 'read', how: 'list', jobs }, at)
  }

  #cancel(): void {
    const at = this.#pick(coordinators)!
    const job = this.#pick(this.#latest.filter((one) => !hasEnded(one)))
    if (!job) return
    const status = job.status === 'queued' ? 'cancelled' : 'leased'
    this.#write(at, { ...job, status, cancelAsked: true })
    this.#send({ did: 'cancel', id: job.id, jobs: [this.#newest(job.id)] }, at)
  }

  #claim(): void {
    const at = this.#pick(coordinators)!
    const hostId = this.#pick(hosts)!
    const job = this.#pick(this.#latest.filter(({ status }) => status === 'queued'))
    if (!job) return
    this.#write(at, { ...job, status: 'leased', attempts: [...job.attempts, { hostId }] })
    this.#held.push({ id: job.id, hostId, attempt: job.attempts.length + 1 })
    const key = `claim ${(this.#made += 1)}`
    this.#send({ did: 'claim', who: hostId, key, jobs: [this.#newest(job.id)] }, at)
    if (this.#roll(4) === 0) this.#send({ did: 'claim', who: hostId, key, jobs: [this.#newest(job.id)] }, at)
  }

  #report(chosen?: 'completed'): void {
    const held = this.#held.splice(this.#roll(Math.max(1, this.#held.length)), 1)[0]
    if (!held) return
    const { cancelAsked } = this.#newest(held.id)
    const outcome = chosen ?? this.#pick(['completed', 'completed', 'failed', 'drained'] as const)!
    const stdout = `attempt ${held.attempt} of ${held.id}`
    const at = this.#pick(coordinators)!
    if (outcome === 'drained') this.#end(at, held, outcome, 'queued')
    else if (outcome === 'completed') this.#end(at, held, outcome, 'completed', stdout)
    else this.#end(at, held, cancelAsked ? 'cancelled' : 'failed', cancelAsked ? 'cancelled' : 'failed', stdout)
    const { id, attempt, hostId } = held
    this.#send({ did: 'report', who: hostId, id, attempt, outcome, stdout, jobs: [this.#newest(id)] }, at)
  }

  #loseLease(): void {
    const held = this.#held.splice(this.#roll(Math.max(1, this.#held.length)), 1)[0]
    if (held) this.#end(this.#pick(coordinators)!, held, 'lease_lost', 'queued')
  }

  #end(at: string, held: Held, outcome: AttemptView['outcome'], status: JobView['status'], stdout?: string): void {
    const job = this.#newest(held.id)
    const attempts = job.attempts.map((attempt, index) =>
      index === held.attempt - 1 ? { ...attempt, ...(outcome && { outcome }) } : attempt,
    )
    const ends = status === 'queued' && job.cancelAsked ? 'cancelled' : status
    this.#write(at, { ...job, attempts, status: ends, ...(stdout !== undefined && { stdout }) })
  }

  /** One learns what there is to know of a job. */
  #hear(): void {
    const job = this.#pick(this.#latest)
    if (job) this.#known.get(this.#pick(coordinators)!)!.set(job.id, this.#jobs.get(job.id)!.length - 1)
  }

  /** Its disk is lost, and it learns again what another one knows. */
  #wipe(): void {
    const coordinator = this.#pick(coordinators)!
    this.#known.set(coordinator, new Map(this.#known.get(this.#pick(coordinators)!)))
    this.history.push({ did: 'wipe', who: 'chaos', coordinator, at: this.#now, until: this.#now })
  }

  #joinTwins(twins: readonly JobView[]): void {
    const isIdle = ({ attempts, cancelAsked }: JobView) => attempts.length === 0 && !cancelAsked
    const standing = twins.find((job) => !isIdle(job)) ?? twins[0]!
    for (const job of twins) {
      const gives = job !== standing && isIdle(job)
      if (gives) this.#write('a', { ...job, status: 'cancelled', duplicateOf: standing.id })
    }
  }
}
