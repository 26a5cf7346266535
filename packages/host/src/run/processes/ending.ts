import { setTimeout as sleep } from 'node:timers/promises'
import { signalGroup } from '../process-group.ts'
import type { JobProcesses } from './job-processes.ts'
import { hasProc, type ProcessStat, readMarker, readStat } from './proc.ts'
import type { ProcessWatch } from './process-watch.ts'

/*
 * The end of all processes of a job. Who was asked to end and does not gets SIGKILL, in sweeps: newest first, whole groups at
 * once (the kernel lets no fork slip through that), and between two sweeps a tight loop goes after the numbers given out
 * last, so that chains which start a session in each generation lose: to look and to kill takes some ten microseconds, to fork a
 * hundred. It is over when looks find none, more than one where something stirred.
 */

export interface EndingOptions {
  readonly job: JobProcesses
  /** Whether the launched process takes all in it along: it gets no other signal than SIGKILL, as the last. */
  readonly endsTogether: boolean
}

/** Milliseconds after which what outlives SIGKILL is given up and reported. */
const killLimitMs = 10_000
/** Milliseconds of one chase: no longer is the event loop held. */
const chaseMs = 5
/** So many times the looks that must find nothing are enough where the machine never comes to rest. */
const maxUnsettledLooks = 3

/** Asks all processes of a job to end. */
export function askToEnd(watch: ProcessWatch, { job, endsTogether }: EndingOptions): void {
  if (!hasProc) {
    if (job.root) signalGroup(job.root.pid, 'SIGTERM')
    return
  }
  watch.look()
  const living = job.living()
  if (endsTogether) {
    // Who is of the sandbox itself must outlive the job's own end.
    const inside = living.filter((stat) => !job.isRoot(stat) && readMarker(stat.pid) === job.tag)
    for (const { pid } of inside) job.send(pid, 'SIGTERM')
    return
  }
  const whole = ownGroups(living)
  for (const group of whole) signalGroup(group, 'SIGTERM')
  for (const { pid, group } of living) if (!whole.has(group)) job.send(pid, 'SIGTERM')
}

/** Waits until no process of the job is left, for at most `graceMs`. */
export async function untilGone(watch: ProcessWatch, options: EndingOptions, graceMs: number): Promise<boolean> {
  const { job } = options
  const deadline = performance.now() + graceMs
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    if (hasProc ? await isGone(watch, job) : !job.root || !signalGroup(job.root.pid, 0)) return true
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return false
    await sleep(Math.min(pauseMs, leftMs))
  }
}

/**
 * Whether looks find nothing of the job. One is not enough where something was started or ended just then: what executes a
 * file shows no environment for a moment, and what forks and ends may be gone before it was read.
 */
async function isGone(watch: ProcessWatch, job: JobProcesses): Promise<boolean> {
  for (let looks = 1; ; looks++) {
    const stirs = job.stirs
    await watch.freshLook()
    if (job.livingCount > 0 || job.stirs > stirs) return false
    if (looks >= job.cleanLooks && (watch.settled || looks >= job.cleanLooks * maxUnsettledLooks)) return true
    await sleep(looks)
  }
}

/** Ends every process of a job for sure. A sentence about what is left nevertheless: other users' processes, or such that hang in the kernel. */
export async function killAll(watch: ProcessWatch, options: EndingOptions): Promise<string | undefined> {
  const { job } = options
  if (!hasProc) {
    if (job.root) signalGroup(job.root.pid, 'SIGKILL')
    return undefined
  }
  const deadline = performance.now() + killLimitMs
  const killed = new Set<number>()
  // A bomb leaves little time to look around: what is known goes before.
  sweep(stillThere(job), options)
  for (let calm = 0; ;) {
    if (await isGone(watch, job)) return undefined
    const living = job.living()
    const mine = living.filter((stat) => !job.isUntouchable(stat))
    const onlyOthers = living.length > 0 && mine.length === 0
    if (onlyOthers || performance.now() > deadline) return survivorsText(living)
    calm = mine.every(({ pid }) => killed.has(pid)) ? calm + 1 : 0
    sweep(mine, options)
    for (const { pid } of mine) killed.add(pid)
    chase(watch, job)
    // What is killed needs a moment to be gone, above all when it had much memory.
    if (calm > 0 && mine.length > 0) await sleep(Math.min(calm, 20))
  }
}

/** What of the last look still is the same process. */
function stillThere(job: JobProcesses): ProcessStat[] {
  return job.living().filter(({ pid, startTicks }) => readStat(pid)?.startTicks === startTicks)
}

/** What is left, as a sentence for the result. */
function survivorsText(survivors: readonly ProcessStat[]): string {
  if (survivors.length === 0) return 'processes of the job could not be ended: they start new ones too fast'
  const named = survivors.slice(0, 5).map(({ pid, command }) => `${pid} (${command})`)
  const more = survivors.length > 5 ? ` and ${survivors.length - 5} more` : ''
  return `processes of the job could not be ended: ${named.join(', ')}${more}`
}

function sweep(living: readonly ProcessStat[], { job, endsTogether }: EndingOptions): void {
  const isLast = (stat: ProcessStat) => endsTogether && job.isRoot(stat)
  const whole = ownGroups(living.filter((stat) => !living.some((other) => isLast(other) && other.group === stat.group)))
  for (const group of whole) signalGroup(group, 'SIGKILL')
  for (const stat of living) if (!isLast(stat)) job.send(stat.pid, 'SIGKILL')
  for (const stat of living) if (isLast(stat)) job.send(stat.pid, 'SIGKILL')
}

/** Goes after the newest processes until none came for a while. */
function chase(watch: ProcessWatch, job: JobProcesses): void {
  const until = performance.now() + chaseMs
  for (let quiet = 0; quiet < 20 && performance.now() < until; quiet++) {
    watch.lookAtNewest(job, (pid) => {
      job.send(pid, 'SIGKILL')
      quiet = 0
    })
  }
}

/** The groups that are the job's own, the newest first. That of this process is not, though a job that started it is in it. */
function ownGroups(living: readonly ProcessStat[]): Set<number> {
  const self = readStat(process.pid)?.group
  return new Set(living.map(({ group }) => group).filter((group) => group > 1 && group !== self))
}
