import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { keepTrack } from './run/children.ts'

const stopMs = 10_000
const startMs = 30_000
const pollMs = 20
const shownLogChars = 1_000

/** A server that is measured: one process of its own. */
export class ServerProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<unknown>

  /** Its environment is `env` and the PATH, nothing else: what the benchmark's user has set must not change what is measured. */
  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { cwd: string; env?: Record<string, string> },
  ) {
    this.name = name
    this.#log = join(options.cwd, `${name}.log`)
    const log = openSync(this.#log, 'a')
    const env = { PATH: process.env['PATH'], ...options.env }
    this.#child = keepTrack(spawn(command, args, { cwd: options.cwd, env, stdio: ['ignore', log, log] }))
    closeSync(log)
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', resolve)
      this.#child.once('error', resolve)
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} could not be started`)
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits until a question is answered with true. Rejects when the process ends first, with what it said. */
  async ready(isReady: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startMs
    while (performance.now() < deadline) {
      if (!this.isRunning) throw new Error(`${this.name} ended while it was started: ${this.#lastWords()}`)
      if (await isReady().catch(() => false)) return
      await sleep(pollMs)
    }
    throw new Error(`${this.name} was not ready within ${startMs} ms: ${this.#lastWords()}`)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return
    this.#child.kill(signal)
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    await this.#ended
    clearTimeout(killer)
  }

  /** Bytes in memory now. */
  get memoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024
  }

  /** Milliseconds of processor time so far, to 10 ms. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  #lastWords(): string {
    return readFileSync(this.#log, 'utf8').slice(-shownLogChars) || 'it said nothing'
  }
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The first line that a program prints, or undefined where it is not installed. */
export async function versionOf(command: string, ...args: string[]): Promise<string | undefined> {
  const run = await promisify(execFile)(command, args).catch(() => undefined)
  return run?.stdout.split('\n')[0]?.trim()
}
