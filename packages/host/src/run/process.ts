import { availableParallelism, constants } from 'node:os'
import type { Usage } from '@skyclaw/protocol'
import type { Logger } from 'pino'
import type { AttemptOutput } from './attempt-output.ts'
import type { Contained, JobLimits, OpenExecutable } from './launch.ts'
import { askToEnd, killAll, untilGone } from './processes/ending.ts'
import type { JobProcesses } from './processes/job-processes.ts'
import { beyond } from './processes/limits.ts'
import { limitOpenFiles } from './processes/open-files.ts'
import type { ProcessIdentity } from './processes/proc.ts'
import { processWatch } from './processes/process-watch.ts'
import { noteReaped, reapedCpuMs } from './processes/reaped-time.ts'
import { OutputReader, within } from './read-output.ts'
import type { Secrets } from './redact.ts'
import { type Exit, type Started, startProcess } from './start-process.ts'

/*
 * One attempt's process, from its start to the sure end of all that came of it. It ends by itself, or is ended: by its time limit,
 * by `signal`, or by a limit of what it may use. The first two ask with SIGTERM and leave it the grace; then, as after an end by
 * itself and a short grace for what it left behind, SIGKILL goes to every process of the job until none is left. Pipes that a
 * stranger still holds open are let go.
 */

export interface ProcessSpec {
  readonly contained: Contained
  /** What of the command's file is looked at again after the start. */
  readonly executable: Pick<OpenExecutable, 'path' | 'stillThere' | 'opensAgain'>
  /** The host's folder. */
  readonly dir: string
  /** Its processes carry it as a marker. */
  readonly tag: string
  readonly stdin: string | undefined
  readonly timeoutMs: number
  readonly killGraceMs: number
  readonly maxOutputBytes: number
  readonly limits: JobLimits
  readonly secrets: Secrets
  readonly output: AttemptOutput | undefined
  /** Sets the limit of open files; needed when there is one. */
  readonly prlimit: string | undefined
  /** Ends the process when it is aborted. */
  readonly signal: AbortSignal
  readonly onStart: ((identity: ProcessIdentity) => void) | undefined
  readonly log: Logger
}

export interface ProcessEnd {
  /** 128 + n when a signal ended it; 126 or 127 when it could not be started. */
  readonly exitCode: number
  readonly signal?: NodeJS.Signals
  /** What ended it, before it ended by itself. */
  readonly endedBy: EndedBy | undefined
  readonly durationMs: number
  readonly stdout: string
  readonly stderr: string
  readonly usage?: Usage
  /** Why it could not be started, which limit it was beyond, or what of it could not be ended. */
  readonly error?: string
}

export type EndedBy = 'time' | 'signal' | 'limit' | 'replaced'

/** After an end by itself, what the first process left behind has this long between SIGTERM and SIGKILL at most. */
const restGraceMs = 1_000
/** A process that does not go after SIGKILL is waited for that long. */
const lastWaitMs = 10_000
/** An interpreter has opened its script by then. */
const scriptOpenMs = 1_000

/** Runs a process to its end. Never rejects for anything the job does. */
export async function runProcess(spec: ProcessSpec): Promise<ProcessEnd> {
  const startedAt = performance.now()
  noteReaped()
  const started = await startProcess(spec.contained.launch, spec.dir, spec.stdin)
  if ('reason' in started) {
    const durationMs = Math.round(performance.now() - startedAt)
    const { exitCode, reason } = started
    await spec.contained.end?.()
    return { exitCode, error: reason, endedBy: undefined, durationMs, stdout: '', stderr: '' }
  }
  return new Attempt(spec, started, startedAt).run()
}

class Attempt {
  readonly #spec: ProcessSpec
  readonly #started: Started
  readonly #startedAt: number
  readonly #job: JobProcesses
  readonly #stdout: OutputReader
  readonly #stderr: OutputReader
  /** Resolves when it is to end, for another reason than that it did. */
  readonly #asked = Promise.withResolvers<void>()
  #endedBy: EndedBy | undefined
  #error: string | undefined
  #exitedAt: number | undefined
  #lookedAt: number

  constructor(spec: ProcessSpec, started: Started, startedAt: number) {
    this.#spec = spec
    this.#started = started
    this.#startedAt = startedAt
    this.#lookedAt = startedAt
    const onLook = () => {
      if (this.#exitedAt === undefined) this.#lookedAt = performance.now()
      noteReaped()
      this.#checkScript()
      this.#checkLimits()
    }
    this.#job = processWatch.track(spec.tag, started.identity, onLook, started.outputs)
    const { maxOutputBytes: maxBytes, secrets, output } = spec
    const sink = { maxBytes, secrets, output, onRead: () => this.#checkOutput() }
    this.#stdout = new OutputReader(started.stdout, 'stdout', sink)
    this.#stderr = new OutputReader(started.stderr, 'stderr', sink)
  }

  async run(): Promise<ProcessEnd> {
    const { signal, timeoutMs, contained, onStart } = this.#spec
    const { child, exited, identity } = this.#started
    const abort = () => this.#end('signal')
    const timer = setTimeout(() => this.#end('time'), timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    onStart?.(identity)
    this.#checkFile()
    void this.#limitOpenFiles()
    const reaped = exited.then(async () => {
      this.#checkScript()
      this.#exitedAt = performance.now()
      return reapedCpuMs()
    })

    await Promise.race([exited, this.#asked.promise])
    const graceEnds = this.#exitedAt === undefined ? await this.#askAndWait() : undefined
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    await this.#endRest(graceEnds)
    await within(lastWaitMs, exited)
    const durationMs = Math.round((this.#exitedAt ?? performance.now()) - this.#startedAt)
    await contained.end?.()
    await Promise.all([this.#stdout.finish(), this.#stderr.finish()])
    child.stdin?.destroy()
    processWatch.forget(this.#job)
    this.#started.release()
    return this.#result(await exitOf(exited), durationMs, this.#exitedAt === undefined ? undefined : await reaped)
  }

  /** Ends it before it ends by itself. The first reason counts. */
  #end(by: EndedBy, error?: string): void {
    if (this.#endedBy || this.#exitedAt !== undefined) return
    this.#endedBy = by
    this.#error = error
    this.#asked.resolve()
  }

  /** Asks to end and leaves the time for it. Answers when that is over. */
  async #askAndWait(): Promise<number> {
    const { contained, killGraceMs } = this.#spec
    // What uses more than it may goes on doing so as long as it is left to.
    if (this.#endedBy === 'limit' || this.#endedBy === 'replaced') return performance.now()
    const graceEnds = performance.now() + killGraceMs
    if (contained.visible) askToEnd(processWatch, this.#ending())
    else if (contained.signal) await within(killGraceMs, contained.signal('SIGTERM'))
    else askToEnd(processWatch, { ...this.#ending(), endsTogether: false })
    await within(graceEnds - performance.now(), this.#started.exited)
    return graceEnds
  }

  /** Ends all that is left, surely. */
  async #endRest(graceEnds: number | undefined): Promise<void> {
    if (graceEnds === undefined) await Promise.all([this.#stdout.soonClosed(), this.#stderr.soonClosed()])
    const ending = this.#ending()
    const exited = this.#exitedAt !== undefined
    if (exited && (await untilGone(processWatch, ending, 0))) return
    const graceMs =
      graceEnds === undefined ? Math.min(restGraceMs, this.#spec.killGraceMs) : graceEnds - performance.now()
    if (exited && graceMs > 0) {
      if (graceEnds === undefined) askToEnd(processWatch, ending)
      await untilGone(processWatch, ending, graceMs)
    }
    const left = await killAll(processWatch, ending)
    if (left === undefined) return
    this.#error = left
    this.#spec.log.error(left)
  }

  #ending() {
    return { job: this.#job, endsTogether: this.#spec.contained.endsTogether }
  }

  /** Ends at once what is not the file that was allowed, for that was replaced at the very moment of the start. */
  #checkFile(): void {
    const { path, stillThere } = this.#spec.executable
    if (stillThere?.() === false) this.#end('replaced', `${JSON.stringify(path)} was replaced while it was started`)
  }

  #checkScript(): void {
    const isNew = performance.now() - this.#startedAt < scriptOpenMs
    if (isNew && this.#spec.executable.opensAgain === true) this.#checkFile()
  }

  #checkLimits(): void {
    const { limits, contained } = this.#spec
    const { memoryBytes, cpuMs, livingCount } = this.#job
    // Of the sandbox's own there are two: the one that was launched, and the first one inside.
    const processes = Math.max(0, livingCount - (contained.endsTogether ? 2 : 0))
    const sentence = beyond(limits, { memoryBytes, cpuMs, processes })
    if (sentence !== undefined) this.#end('limit', sentence)
  }

  #checkOutput(): void {
    const outputBytes = this.#stdout.bytes + this.#stderr.bytes
    const sentence = beyond(this.#spec.limits, { outputBytes })
    if (sentence !== undefined) this.#end('limit', sentence)
  }

  async #limitOpenFiles(): Promise<void> {
    const { limits, prlimit, contained } = this.#spec
    if (limits.openFiles === undefined || prlimit === undefined || !contained.visible) return
    const problem = await limitOpenFiles(prlimit, this.#started.identity.pid, limits.openFiles)
    if (problem !== undefined) this.#end('limit', problem)
  }

  #result(exit: Exit, durationMs: number, reapedMs: number | undefined): ProcessEnd {
    const { signal, code } = exit
    const { cpuMs: seenMs, peakMemoryBytes } = this.#job
    // What ended since the last look cannot have used more than all processors together.
    const unseenMs = ((this.#exitedAt ?? this.#lookedAt) - this.#lookedAt) * cores + tickMs
    const cpuMs = Math.max(seenMs, Math.min(reapedMs ?? 0, seenMs + unseenMs))
    const usage: Usage = {
      cpuMs: Math.round(cpuMs),
      ...(peakMemoryBytes > 0 && { peakMemoryBytes }),
      stdoutBytes: this.#stdout.bytes,
      stderrBytes: this.#stderr.bytes,
      truncated: this.#stdout.truncated || this.#stderr.truncated,
    }
    return {
      exitCode: code ?? 128 + (signal === null ? 9 : constants.signals[signal]),
      ...(signal !== null && { signal }),
      endedBy: this.#endedBy,
      durationMs,
      stdout: this.#stdout.text,
      stderr: this.#stderr.text,
      usage,
      ...(this.#error !== undefined && { error: this.#error }),
    }
  }
}

const cores = availableParallelism()
/** Processor time is told in steps of that. */
const tickMs = 10

/** How it exited; as if by SIGKILL when even that did not end it. */
function exitOf(exited: Promise<Exit>): Promise<Exit> {
  return Promise.race([
    exited,
    new Promise<Exit>((resolve) => setImmediate(() => resolve({ code: null, signal: 'SIGKILL' }))),
  ])
}
