import { JobIds } from './job-ids.ts'
import { JobProcesses } from './job-processes.ts'
import {
  hasProc,
  isThere,
  listChildren,
  listPids,
  newestPid,
  processOf,
  type ProcessIdentity,
  type ProcessStat,
  readMarker,
  readOutputs,
  readStat,
  uptimeTicks,
} from './proc.ts'

/*
 * One look at /proc serves all jobs that run. A process is of a job when it was of it at the look before, when its parent, its
 * process group or its session is, or when it carries the job's marker. What is of none is read once: after that its number
 * alone is seen, until it may have been given to another process.
 */

/** Between looks while jobs run. */
const everyMs = 250
/** When a look takes much processor time, the next one is that many times later, up to a bound: limits are to hold. */
const restFactor = 100
const maxRestMs = 1_000
/** Looks at a single job soon after its start, as milliseconds since: most jobs are short. */
const earlyMs = [5, 20, 50, 100]
/** Strangers are all read again after this time without looks: numbers may have gone round meanwhile. */
const forgetMs = 1_000

/** A process that was not known at the look before, with the marker it shows. */
interface Unknown {
  readonly stat: ProcessStat
  readonly tag: string | undefined | null
}

export class ProcessWatch {
  readonly #jobs = new Map<string, JobProcesses>()
  readonly #ids = new Map<JobProcesses, JobIds>()
  readonly #early = new Map<JobProcesses, NodeJS.Timeout[]>()
  readonly #self = hasProc ? readStat(process.pid) : undefined
  #strangers = new Set<number>()
  #newest = 0
  #settled = true
  #lookedAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #next: Promise<void> | undefined

  /** Follows the processes of an attempt until `forget`. `onLook` is called whenever they were looked at. */
  track(tag: string, root?: ProcessIdentity, onLook?: () => void, outputs?: readonly string[]): JobProcesses {
    const job = new JobProcesses(tag, root, onLook, outputs)
    this.#jobs.set(tag, job)
    const ids = new JobIds(this.#self)
    this.#ids.set(job, ids)
    const stat = root && readStat(root.pid)
    if (stat?.startTicks === root?.startTicks && stat) job.update([stat])
    // The launched process leads a group and a session of its own; a stranger's pid is never taken for theirs.
    if (root && (stat === undefined || job.isRoot(stat))) ids.addLeader(root.pid)
    if (hasProc && onLook) {
      this.#early.set(
        job,
        earlyMs.map((ms) => setTimeout(() => this.#lookAt(job), ms)),
      )
      this.#schedule()
    }
    return job
  }

  forget(job: JobProcesses): void {
    this.#jobs.delete(job.tag)
    this.#ids.delete(job)
    for (const timer of this.#early.get(job) ?? []) clearTimeout(timer)
    this.#early.delete(job)
    if (this.#jobs.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Whether the last look read all that it met: nothing was about to become another process or had just ended. */
  get settled(): boolean {
    return this.#settled
  }

  /** Resolves after a look that begins later. Those who ask at the same time share it. */
  freshLook(): Promise<void> {
    this.#next ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#next = undefined
        this.look()
        resolve()
      }),
    )
    return this.#next
  }

  /** Looks at all processes of the machine, now. Also at those that come and go meanwhile, unless it is only to measure. */
  look(closely = true): void {
    if (!hasProc) return
    const now = performance.now()
    if (now - this.#lookedAt > forgetMs) this.#strangers = new Set()
    this.#lookedAt = now
    this.#settled = true
    const found = new Map<JobProcesses, ProcessStat[]>([...this.#jobs.values()].map((job) => [job, []]))
    const strangers = new Set<number>()
    const unknown = this.#readAll(found, strangers, closely)
    const youngest = uptimeTicks() - youngTicks
    for (const { stat, tag } of this.#adopt(found, unknown)) {
      // What shows no environment is looked at again, and nothing is settled while it may be about to execute a file.
      if (tag !== null || stat.startTicks < youngest) strangers.add(stat.pid)
      else this.#settled = false
    }
    this.#strangers = strangers
    for (const [job, stats] of found) this.#update(job, stats)
  }

  /** Reads what there is: the known to `found`, strangers that need no reading to `strangers`; the others are returned. */
  #readAll(found: Map<JobProcesses, ProcessStat[]>, strangers: Set<number>, closely: boolean): Unknown[] {
    const before = this.#newest
    let newest = newestPid()
    const owners = this.#owners()
    const unknown: Unknown[] = []
    const seen = new Set<number>()
    const read = (pid: number, listed: boolean) => {
      // A job may have started this very process; it is none of it, whatever it and its threads carry.
      if (pid === process.pid) return
      const owner = owners.get(pid)
      if (!owner && this.#strangers.has(pid) && !isBetween(pid, before, newest)) {
        strangers.add(pid)
        seen.add(pid)
        return
      }
      // The marker at once: in a moment the process may be gone, and what it started is not known by its parent then.
      const tag = owner ? undefined : readMarker(pid)
      if (typeof tag === 'string' && this.#jobs.has(tag) && processOf(pid) === process.pid) return
      const stat = readStat(pid)
      if (typeof tag === 'string') this.#jobs.get(tag)?.stir()
      if (!stat) {
        if (listed) this.#settled = false
        return
      }
      if (!listed && processOf(pid) !== pid) return
      seen.add(pid)
      if (owner?.knows(stat)) found.get(owner)?.push(stat)
      else unknown.push({ stat, tag: owner ? readMarker(pid) : tag })
    }
    for (const pid of listPids().toReversed()) read(pid, true)
    // What forks and ends faster than the list was read is met at the newest numbers. A number is given out some time before
    // its process shows: those just before are tried again.
    const rounds = closely ? maxRounds : 0
    for (let round = 0, from = newest - maxForking; round < rounds; round++) {
      const last = newestPid()
      for (let pid = last; pid > from && pid > last - maxChased; pid--) {
        if (!seen.has(pid) && isThere(pid)) read(pid, false)
      }
      if (last === newest) break
      from = newest - maxForking
      newest = last
    }
    this.#newest = newest
    return unknown
  }

  /** Looks for processes of a job among those started last, and calls as soon as it sees one. */
  lookAtNewest(job: JobProcesses, onFound: (pid: number) => void): void {
    const now = newestPid()
    // Round the end of all numbers the next full look finds them.
    for (let pid = now; pid > now - maxForking && pid > 1; pid--) {
      if (!isThere(pid)) continue
      if (readMarker(pid) === job.tag) {
        // This process may carry it as well, when the job started it; and threads have numbers too.
        if (processOf(pid) === process.pid) continue
        onFound(pid)
        job.stir()
        continue
      }
      const stat = readStat(pid)
      if (stat?.alive && this.#isOf(job, stat) && processOf(pid) === pid) onFound(pid)
    }
  }

  /** The unknown that belong to a job are put to what was found of it; the others are returned. */
  #adopt(found: Map<JobProcesses, ProcessStat[]>, unknown: Unknown[]): Unknown[] {
    const owners = new Map<number, JobProcesses>()
    const own = (job: JobProcesses, stat: ProcessStat) => {
      owners.set(stat.pid, job)
      this.#ids.get(job)?.add(stat)
    }
    for (const [job, stats] of found) for (const stat of stats) own(job, stat)
    let rest = unknown
    for (let more = true; more && rest.length > 0;) {
      const left: Unknown[] = []
      for (const one of rest) {
        const { stat, tag } = one
        const marked = typeof tag === 'string' ? this.#jobs.get(tag) : undefined
        const job = marked ?? owners.get(stat.ppid) ?? this.#byIds(stat) ?? this.#byOutputs(stat)
        if (!job) {
          left.push(one)
          continue
        }
        own(job, stat)
        found.get(job)?.push(stat)
        job.stir()
      }
      more = left.length < rest.length
      rest = left
    }
    return rest
  }

  /** Groups and sessions count for as long as some process was in them at the look before: then numbers are used again. */
  #update(job: JobProcesses, stats: readonly ProcessStat[]): void {
    job.update(stats)
    this.#ids.get(job)?.replace(stats)
    job.onLook?.()
  }

  #byIds(stat: ProcessStat): JobProcesses | undefined {
    for (const job of this.#jobs.values()) if (this.#isOf(job, stat)) return job
    return undefined
  }

  /** Whoever writes to a job's pipes and is younger than the job: it may have shed all else. */
  #byOutputs({ pid, startTicks }: ProcessStat): JobProcesses | undefined {
    let outputs: string[] | undefined
    for (const job of this.#jobs.values()) {
      if (job.outputs.size === 0 || startTicks < (job.root?.startTicks ?? 0)) continue
      outputs ??= readOutputs(pid)
      if (outputs.some((name) => job.outputs.has(name))) return job
    }
    return undefined
  }

  #isOf(job: JobProcesses, stat: ProcessStat): boolean {
    return this.#ids.get(job)?.has(stat) ?? false
  }

  #owners(): Map<number, JobProcesses> {
    const owners = new Map<number, JobProcesses>()
    for (const job of this.#jobs.values()) for (const { pid } of job.members()) owners.set(pid, job)
    return owners
  }

  /**
   * Looks at one job alone, along its tree. What lost its parent is not met so: the groups and sessions of before go on to
   * count, for it may be in one of them, until a look at all processes has found nobody there.
   */
  #lookAt(job: JobProcesses): void {
    const found = new Map<number, ProcessStat>()
    const follow = (pid: number) => {
      const stat = found.has(pid) || pid === process.pid ? undefined : readStat(pid)
      if (!stat) return
      found.set(pid, stat)
      for (const child of listChildren(pid)) follow(child)
    }
    for (const { pid, startTicks } of [...job.members()]) if (readStat(pid)?.startTicks === startTicks) follow(pid)
    const stats = [...found.values()]
    job.update(stats)
    for (const stat of stats) this.#ids.get(job)?.add(stat)
    job.onLook?.()
  }

  #schedule(delayMs = everyMs): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const before = process.threadCpuUsage()
      this.look(false)
      const { user, system } = process.threadCpuUsage(before)
      const restMs = Math.min((restFactor * (user + system)) / 1_000, maxRestMs)
      if (this.#jobs.size > 0) this.#schedule(Math.max(everyMs, restMs))
    }, delayMs)
  }
}

/** How many of the newest processes are looked at between looks at all. */
const maxChased = 64
/** What was started within this time may be about to execute its first file. */
const youngTicks = 100
/** Numbers given out last whose processes may not show yet. */
const maxForking = 16
/** How often a look goes after what was started meanwhile. */
const maxRounds = 8

/** The one of this process: all jobs share its looks. */
export const processWatch = new ProcessWatch()

/** Whether a number was given out after `before`, up to `newest`; numbers go round. */
function isBetween(pid: number, before: number, newest: number): boolean {
  return before <= newest ? pid > before && pid <= newest : pid > before || pid <= newest
}
