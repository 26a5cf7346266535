import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { say, silenceMs } from './watch.ts'

const cli = fileURLToPath(new URL('../packages/cli/bin/skyclaw.js', import.meta.url))
const maxLogLines = 200

/** A skyclaw daemon in a process of its own, and what it logged. */
export class Daemon {
  readonly name: string
  readonly log: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<string>

  constructor(name: string, words: string[], folder: string, settings: Record<string, string>) {
    this.name = name
    // Settings of whoever runs the demo must not reach it.
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('SKYCLAW_'))
    const env = { ...Object.fromEntries(inherited), ...settings }
    this.#child = spawn(process.execPath, [cli, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = ''
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        this.log.push(...lines)
        this.log.splice(0, this.log.length - maxLogLines)
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for a log line with this text. Fails when the daemon ends first. */
  async said(text: string, timeoutMs: number): Promise<void> {
    let ended: string | undefined
    void this.#ended.then((how) => (ended = how))
    await poll(`${this.name} to log ${text}`, timeoutMs, () => {
      if (ended !== undefined) throw new Error(`${this.name} ended with ${ended}`)
      return this.log.some((line) => line.includes(text)) || undefined
    })
  }

  /** SIGKILL: no goodbye. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, and SIGKILL for one that does not go. Resolves with how it ended. */
  async stop(timeoutMs: number): Promise<string> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    const how = await this.#ended
    clearTimeout(timer)
    return how
  }
}

const intervalMs = 50
/** Whoever watches hears something at least as often. */
const silentMs = 3_000

/** Asks again and again until there is an answer. Fails when there is none in time. */
export async function poll<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (silenceMs() > silentMs) say(`waiting for ${what}`)
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}
