import { createWriteStream } from 'node:fs'
import { quantile } from '../statistics.ts'
import { type Order, type Told, tellMs } from './messages.ts'

const maxUnsentChars = 65_536

/** How a load program tells what it did: lines in a file, one for each thing that was acknowledged, and numbers to the load test. */
export class Teller {
  readonly #file: ReturnType<typeof createWriteStream>
  #lines = ''
  #total = 0
  #failures: Record<string, number> = {}
  #latencies: number[] = []
  readonly #timer: NodeJS.Timeout

  constructor(file: string) {
    this.#file = createWriteStream(file)
    this.#timer = setInterval(() => this.#tell(), tellMs)
  }

  line(text: string): void {
    this.#lines += `${text}\n`
    if (this.#lines.length > maxUnsentChars) this.#write()
  }

  done(count: number): void {
    this.#total += count
  }

  took(ms: number): void {
    this.#latencies.push(ms)
  }

  failed(error: unknown): void {
    const { code, name, message } = error as { code?: string; name?: string; message?: string }
    const kind = code ?? name ?? String(message)
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1
  }

  /** Writes and tells what is left, then ends the process. */
  end(): void {
    clearInterval(this.#timer)
    this.#write()
    this.#file.end(() => process.send!(this.#news(), () => process.exit()))
  }

  #tell(): void {
    process.send!(this.#news())
  }

  #news(): Told {
    const latencies = this.#latencies
    const failures = this.#failures
    this.#latencies = []
    this.#failures = {}
    const latency = {
      count: latencies.length,
      p50: quantile(latencies, 0.5) || 0,
      p99: quantile(latencies, 0.99) || 0,
      max: quantile(latencies, 1) || 0,
    }
    return { total: this.#total, failures, latency }
  }

  #write(): void {
    this.#file.write(this.#lines)
    this.#lines = ''
  }
}

export function onOrder(obey: (order: Order) => void): void {
  process.on('message', (order) => obey(order as Order))
  process.once('disconnect', () => process.exit(1))
}
