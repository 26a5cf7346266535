import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const stopMs = 10_000
const startMs = 30_000
const pollMs = 20

/** A server that is measured: one process of its own. */
export class ServerProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv },
  ) {
    this.name = name
    const log = createWriteStream(`${options.cwd}/${name}.log`)
    this.#child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.pipe(log)
    this.#child.stderr?.pipe(log)
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

  /** Waits until a question is answered with true. Rejects when the process ends first. */
  async ready(isReady: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startMs
    while (performance.now() < deadline) {
      if (!this.isRunning) throw new Error(`${this.name} ended while it was started: see ${this.name}.log`)
      if (await isReady().catch(() => false)) return
      await sleep(pollMs)
    }
    throw new Error(`${this.name} was not ready within ${startMs} ms`)
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
    return kilobytes(this.pid, 'VmRSS')
  }

  /** Milliseconds of processor time so far. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }
}

function kilobytes(pid: number, field: string): number {
  const [, amount] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(amount) * 1_024
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Counts the fsync and fdatasync calls of processes while something runs, by strace; undefined where that is not there. */
export async function countSyncs(pids: readonly number[], run: () => Promise<void>): Promise<number | undefined> {
  const tracer = spawn('strace', [
    '-f',
    '-c',
    '-e',
    'trace=fsync,fdatasync',
    ...pids.flatMap((pid) => ['-p', String(pid)]),
  ])
  let said = ''
  let attached = 0
  const isAttached = new Promise<boolean>((resolve) => {
    tracer.once('error', () => resolve(false))
    tracer.once('exit', () => resolve(false))
    tracer.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      attached = said.split('attached').length - 1
      if (attached >= pids.length) resolve(true)
    })
  })
  if (!(await isAttached)) return undefined
  await run()
  const ended = new Promise((resolve) => tracer.once('exit', resolve))
  tracer.kill('SIGINT')
  await ended
  const calls = [...said.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** The first line that a program prints, or undefined where it is not installed. */
export async function versionOf(command: string, ...args: string[]): Promise<string | undefined> {
  const run = await promisify(execFile)(command, args).catch(() => undefined)
  return run?.stdout.split('\n')[0]?.trim()
}
