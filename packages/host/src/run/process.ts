import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { execa, type Options } from 'execa'
import type { Environment } from './environment.ts'
import { OutputBuffer } from './output.ts'
import { endRest, signalGroup } from './process-group.ts'

/*
 * One process of a job: an argument list, no shell, a process group of its own. It ends by itself, by its time limit or
 * by `signal`; the latter two send SIGTERM to the group, and SIGKILL after the grace. The attempt ends with its first
 * process: what that left behind in the group is ended too, and pipes which a stranger still holds open are let go.
 */

export interface ProcessSpec {
  file: string
  args: readonly string[]
  cwd: string
  env: Environment
  stdin?: string
  timeoutMs: number
  killGraceMs: number
  maxOutputBytes: number
  /** Ends the process when it is aborted. */
  signal: AbortSignal
}

export interface ProcessEnd {
  /** 128 + n when a signal ended it; 126 or 127 when it could not be started. */
  exitCode: number
  signal?: NodeJS.Signals
  timedOut: boolean
  /** Whether `signal` ended it, before it ended by itself or by its time limit. */
  interrupted: boolean
  durationMs: number
  stdout: string
  stderr: string
  /** Why it could not be started. */
  error?: string
}

/** After the first process ended, output that is under way arrives within this time. */
const lastOutputMs = 250
/** After an end by itself, what the first process left behind has this long between SIGTERM and SIGKILL at most. */
const restGraceMs = 1_000

/** Runs a process to its end. Never rejects for anything the job does. */
export async function runProcess(spec: ProcessSpec): Promise<ProcessEnd> {
  const startedAt = performance.now()
  const started = await start(spec)
  if ('error' in started) {
    const durationMs = Math.round(performance.now() - startedAt)
    return { ...started, timedOut: false, interrupted: false, durationMs, stdout: '', stderr: '' }
  }
  const { pid, child } = started
  const stdout = collect(child.stdout, spec.maxOutputBytes)
  const stderr = collect(child.stderr, spec.maxOutputBytes)
  const limiter = limit(spec, pid)
  const { code, signal } = await started.exited
  limiter.release()
  const durationMs = Math.round(performance.now() - startedAt)

  const closed = Promise.all([stdout.closed, stderr.closed])
  await within(lastOutputMs, closed)
  await endRest(pid, limiter.graceLeftMs())
  await within(lastOutputMs, closed)
  child.stdout?.destroy()
  child.stderr?.destroy()
  return {
    exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
    ...(signal !== null && { signal }),
    timedOut: limiter.endedBy() === 'time',
    interrupted: limiter.endedBy() === 'signal',
    durationMs,
    stdout: stdout.buffer.toString(),
    stderr: stderr.buffer.toString(),
  }
}

interface Started {
  pid: number
  child: ChildProcess
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

async function start(spec: ProcessSpec): Promise<Started | { exitCode: number; error: string }> {
  const options = {
    cwd: spec.cwd,
    env: spec.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    encoding: 'buffer',
    windowsHide: true,
    ...(spec.stdin === undefined ? { stdin: 'ignore' } : { input: spec.stdin }),
  } as const satisfies Options
  try {
    const subprocess = execa(spec.file, [...spec.args], options)
    if (subprocess.pid === undefined) return cannotStart(spec.file, await subprocess)
    const child: ChildProcess = subprocess.nodeChildProcess
    const exited = new Promise<Awaited<Started['exited']>>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    return { pid: subprocess.pid, child, exited }
  } catch (error) {
    // A NUL in an argument, for one: execa throws before it starts anything.
    return cannotStart(spec.file, error)
  }
}

function cannotStart(file: string, failure: unknown): { exitCode: number; error: string } {
  const { code, originalMessage, message } = failure as { code?: string; originalMessage?: string; message?: string }
  const reason = code === 'E2BIG' ? 'its arguments and environment are too large (E2BIG)' : (originalMessage ?? message)
  return { exitCode: code === 'ENOENT' ? 127 : 126, error: `${file} could not be started: ${reason ?? 'unknown'}` }
}

function collect(stream: Readable | null, maxBytes: number) {
  const buffer = new OutputBuffer(maxBytes)
  if (!stream) return { buffer, closed: Promise.resolve() }
  stream.on('data', (chunk: Buffer) => buffer.write(chunk))
  return { buffer, closed: finished(stream).catch(() => {}) }
}

/** Waits for something that never rejects, for at most `ms`. Leaves no timer behind. */
async function within(ms: number, wait: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([wait, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}

/** Ends the group at the time limit or on the signal: SIGTERM, the grace, SIGKILL. */
function limit(spec: ProcessSpec, pid: number) {
  let endedBy: 'time' | 'signal' | undefined
  let killer: NodeJS.Timeout | undefined
  let killAt: number | undefined
  const end = (by: 'time' | 'signal') => {
    if (endedBy) return
    endedBy = by
    killAt = performance.now() + spec.killGraceMs
    signalGroup(pid, 'SIGTERM')
    killer = setTimeout(() => signalGroup(pid, 'SIGKILL'), spec.killGraceMs)
  }
  const timer = setTimeout(() => end('time'), spec.timeoutMs)
  const abort = () => end('signal')
  spec.signal.addEventListener('abort', abort, { once: true })
  if (spec.signal.aborted) abort()
  return {
    endedBy: () => endedBy,
    /** What is left of the grace, for those that the first process left behind. */
    graceLeftMs: () =>
      killAt === undefined ? Math.min(restGraceMs, spec.killGraceMs) : Math.max(0, killAt - performance.now()),
    release() {
      clearTimeout(timer)
      clearTimeout(killer)
      spec.signal.removeEventListener('abort', abort)
    },
  }
}
