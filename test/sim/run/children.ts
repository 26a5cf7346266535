import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Coverage } from '../report/coverage.ts'
import type { Assignment, Report } from './worker.ts'

export interface RunOptions {
  readonly from: number
  /** Run before those, and not counted among them. */
  readonly first?: readonly number[] | undefined
  /** Seeds at most. */
  readonly seeds: number
  /** Seconds at most. */
  readonly seconds: number
  /** Child processes at once. */
  readonly jobs: number
  readonly mutant?: string | undefined
}

/** What a number of seeds came to. */
export interface RunResult {
  seeds: number
  virtualMs: number
  events: number
  readonly coverage: Coverage
  /** The first that was found. */
  broken: Report | undefined
  tookMs: number
}

/** Runs seeds in child processes until one is broken, all have run, or the time is over. */
export async function runSeeds(options: RunOptions): Promise<RunResult> {
  const { from, first = [], seeds, seconds, jobs } = options
  const result: RunResult = {
    seeds: 0,
    virtualMs: 0,
    events: 0,
    coverage: new Coverage(),
    broken: undefined,
    tookMs: 0,
  }
  const startedAt = performance.now()
  const children = Array.from({ length: Math.min(jobs, seeds) }, () => startWorker(options.mutant))
  const runs = children.map((child, index) => {
    const before = first.filter((_, place) => place % children.length === index)
    const assignment: Assignment = { before, first: from + index, step: children.length }
    const owed = before.length + Math.ceil((seeds - index) / children.length)
    return takeReports(child, assignment, owed, (report) => {
      result.seeds += 1
      result.virtualMs += report.virtualMs
      result.events += report.events
      result.coverage.add(report.coverage)
      // Of two that are found at the same time, the lower one: which it is does not depend on the machine's speed alone.
      if (report.violation && (!result.broken || report.seed < result.broken.seed)) result.broken = report
    })
  })
  const time = timeUp(seconds)
  try {
    await Promise.race([
      Promise.all(runs),
      time.up,
      ...runs.map((run) => run.then((done) => (done ? never() : undefined))),
    ])
  } finally {
    time.cancel()
    for (const child of children) child.kill('SIGKILL')
  }
  result.tookMs = performance.now() - startedAt
  return result
}

function startWorker(mutant: string | undefined): ChildProcess {
  const hook = join(import.meta.dirname, 'mutant-hook.ts')
  return fork(join(import.meta.dirname, 'worker.ts'), {
    execArgv: ['--conditions=@skyclaw/source', ...(mutant === undefined ? [] : ['--import', hook])],
    env: { ...process.env, ...(mutant !== undefined && { SKYCLAW_SIM_MUTANT: mutant }) },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** Resolves with false when a seed was broken, with true when all have run. */
function takeReports(
  child: ChildProcess,
  assignment: Assignment,
  owed: number,
  take: (report: Report) => void,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let left = owed
    child.on('message', (message) => {
      if (left === 0) return
      const report = message as Report
      left -= 1
      take(report)
      if (report.violation) resolve(false)
      else if (left === 0) resolve(true)
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (left > 0 && code !== null) reject(new Error(`a worker ended with exit code ${code}`))
    })
    child.send(assignment)
  })
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

function timeUp(seconds: number): { up: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const up = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1_000)
  })
  return { up, cancel: () => clearTimeout(timer) }
}
