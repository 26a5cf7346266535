import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { keepTrack } from '../run/children.ts'
import type { Latency, Order, Told } from './messages.ts'

/** A process of clients or of hosts. */
export class LoadProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  /** What was acknowledged to it since its start. */
  total = 0
  #failures: Record<string, number> = {}
  #latencies: Latency[] = []

  constructor(program: 'clients' | 'hosts', settings: object) {
    const path = join(import.meta.dirname, `${program}.ts`)
    this.#child = keepTrack(fork(path, [JSON.stringify(settings)]))
    this.#child.on('message', (told) => this.#hear(told as Told))
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve))
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  order(order: Order): void {
    this.#child.send(order)
  }

  /** Resolves when all that it has to tell is told, and the process has ended. */
  async end(): Promise<void> {
    this.order({ kind: 'end' })
    await this.#ended
  }

  /** Ends it whatever it does, for when the load test has failed. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** What failed and how long calls took since this was asked last. */
  news(): { readonly failures: Readonly<Record<string, number>>; readonly latencies: readonly Latency[] } {
    const news = { failures: this.#failures, latencies: this.#latencies }
    this.#failures = {}
    this.#latencies = []
    return news
  }

  #hear({ total, failures, latency }: Told): void {
    this.total = total
    for (const [code, count] of Object.entries(failures)) this.#failures[code] = (this.#failures[code] ?? 0) + count
    if (latency.count > 0) this.#latencies.push(latency)
  }
}
