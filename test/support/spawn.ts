import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { atEnd } from './undo.ts'
import { until } from './until.ts'

export const repository = resolve(import.meta.dirname, '../..')

interface SpawnOptions {
  readonly args?: readonly string[]
  /** The whole environment, beside what Node needs to run; nothing of this process's own settings gets in. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: the repository. */
  readonly cwd?: string
  /** Written to standard input, which is then closed. */
  readonly stdin?: string
  /** The caller ends it, maybe after the test that started it. */
  readonly lasting?: boolean
}

export interface EntryOptions extends SpawnOptions {
  /** A TypeScript or JavaScript file, relative to the repository. */
  readonly entry: string
}

export interface ProgramOptions extends SpawnOptions {
  /** A path, or a name that is found on the PATH. */
  readonly program: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Spawned {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<Ended>
  /** Resolves with the first match in what it printed to stdout or stderr; rejects when it ends without, or at the deadline. */
  said(pattern: RegExp, deadlineMs?: number): Promise<readonly string[]>
  /** Sends SIGKILL at once, and resolves when the process is gone. */
  kill(): Promise<Ended>
  /** Sends a signal, SIGTERM by default, and resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

const running = new Set<ChildProcess>()
// A worker that is ended in the middle of a test leaves no processes behind either.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Runs a program of this repository from its sources, as `spawnProgram` does. */
export function spawnEntry({ entry, args = [], ...options }: EntryOptions): Spawned {
  const words = ['--conditions=@skyclaw/source', resolve(repository, entry), ...args]
  return spawnProgram({ program: process.execPath, args: words, ...options })
}

/** Runs a program in a process of its own, killed at the end of the test at the latest, or of the file when it is started in `beforeAll`. */
export function spawnProgram(options: ProgramOptions): Spawned {
  const { program, args = [], env = {}, cwd = repository, stdin, lasting = false } = options
  const child = spawn(program, args, {
    cwd,
    env: { ...environment(), ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  child.stdin?.end(stdin)
  const spawned = watch(child)
  if (!lasting) atEnd(() => spawned.kill())
  return spawned
}

/** What a process has of its surroundings: a path, a home, and a cache of compiled code that makes the next start quicker. */
function environment(): Record<string, string> {
  const { PATH = '', HOME = tmpdir() } = process.env
  return { PATH, HOME, TMPDIR: tmpdir(), NODE_COMPILE_CACHE: join(tmpdir(), 'skyclaw-test-compile-cache') }
}

function watch(child: ChildProcess): Spawned {
  const output = { stdout: '', stderr: '' }
  child.stdout!.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  let isOver = false
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed)
    child.once('close', (code, signal) => {
      isOver = true
      running.delete(child)
      done({ code, signal, ...output })
    })
  })
  const said = async (pattern: RegExp, deadlineMs = 15_000) => {
    const look = () => {
      const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
      if (found || isOver) return { found }
      throw new Error(`it printed\n${output.stdout}${output.stderr}`)
    }
    const { found } = await until(`process ${child.pid} to print ${pattern}`, look, { deadlineMs, everyMs: 5 })
    if (found) return found
    throw new Error(`the process ended without printing ${pattern}:\n${output.stdout}${output.stderr}`)
  }
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return {
    pid: child.pid!,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    said,
    kill: () => stop('SIGKILL'),
    stop,
  }
}
