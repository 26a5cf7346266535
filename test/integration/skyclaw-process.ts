import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(repository, 'packages/cli/src/main.ts')

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** The first match in what it has printed so far or prints later; fails when it ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
}

export type Env = Record<string, string>

/** A folder of its own, gone after the test. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skyclaw-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** Starts a program with no `SKYCLAW_*` variable but those given; killed after the test. */
export function start(command: string, words: readonly string[], cwd: string, env: Env = {}): Running {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('SKYCLAW_'))
  const child = spawn(command, words, { cwd, env: { ...Object.fromEntries(inherited), ...env }, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const hear = (): void => {
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    hear()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    hear()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = (): void => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (match) resolve(match)
      }
      listeners.add(look)
      look()
    })
    const gone = ended.then(() => {
      throw new Error(`it ended without printing ${pattern}:\n${stdout}\n${stderr}`)
    })
    gone.catch(() => {})
    return Promise.race([found, gone])
  }
  return { child, ended, printed }
}

export function node(file: string, words: readonly string[], cwd: string, env: Env = {}): Running {
  return start(process.execPath, ['--conditions=@skyclaw/source', join(repository, file), ...words], cwd, env)
}

/** The command `skyclaw`, from its sources. */
export function skyclaw(words: readonly string[], cwd: string, env: Env = {}): Running {
  return start(process.execPath, ['--conditions=@skyclaw/source', cli, ...words], cwd, env)
}

/** The same as a line for a shell, with `skyclaw` as the function's name. */
export function shellLine(line: string, cwd: string, env: Env = {}): Running {
  const definition = `skyclaw() { "${process.execPath}" --conditions=@skyclaw/source "${cli}" "$@"; }`
  return start('bash', ['-c', `${definition}; ${line}`], cwd, env)
}

export interface Up extends Running {
  readonly folder: string
  readonly url: string
  readonly token: string
  /** What clients need to reach it. */
  readonly env: Env
}

/** `skyclaw up` on a free port, ready to take jobs. */
export async function startUp(words: readonly string[] = []): Promise<Up> {
  const folder = await scratchFolder()
  const running = skyclaw(['up', '--port', '0', ...words], folder)
  const [, token, url] = await running.printed(/SKYCLAW_TOKEN=(\S+) SKYCLAW_COORDINATOR_URL=(\S+)/)
  const env = { SKYCLAW_TOKEN: token ?? '', SKYCLAW_COORDINATOR_URL: url ?? '' }
  return { ...running, folder, url: url ?? '', token: token ?? '', env }
}

/** The URL of a port of this machine on which nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

const intervalMs = 50

/** Asks until there is an answer; fails when there is none in time. */
export async function until<T>(ask: () => Promise<T | undefined>, what: string, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}
