import type { Readable } from 'node:stream'
import type { LogStream } from '@skyclaw/protocol'
import type { AttemptOutput } from './attempt-output.ts'
import { OutputBuffer } from './output.ts'
import type { Secrets } from './redact.ts'

export interface OutputSink {
  readonly maxBytes: number
  readonly secrets: Secrets
  /** Gets each piece, redacted; the pipe waits for it. */
  readonly output: AttemptOutput | undefined
  /** Called after each piece that was read. */
  readonly onRead: () => void
}

/** After the end of the processes, output that is under way arrives within this time. */
const lastOutputMs = 250
/** What a pipe and its reader hold at most when nobody of the job is left to write. */
const lastOutputBytes = 4 * 1_048_576
/** Reading on, with all waiting for the sink, ends after this time. */
const lastReadMs = 10_000

/** Reads one output of a process: from the pipe through the redactor to head and tail and to the sink. */
export class OutputReader {
  readonly #kept: OutputBuffer
  readonly #stream: Readable | null
  readonly #done: Promise<void>
  #bytes = 0
  #ended = false
  #busy = false

  constructor(stream: Readable | null, name: LogStream, sink: OutputSink) {
    this.#kept = new OutputBuffer(sink.maxBytes)
    this.#stream = stream
    this.#done = this.#read(stream, name, sink)
  }

  /** Bytes that the process wrote, secrets counted as they were. */
  get bytes(): number {
    return this.#bytes
  }

  /** What is kept, secrets redacted. */
  get text(): string {
    return this.#kept.toString()
  }

  get truncated(): boolean {
    return this.#kept.truncated
  }

  /** Resolves when the pipe is closed, or after the time in which it usually would be. */
  async soonClosed(): Promise<void> {
    await within(lastOutputMs, this.#done)
  }

  /** Reads what is still in the pipe after all processes ended, and lets go of it: a stranger may hold it for ever. */
  async finish(): Promise<void> {
    const startedAt = performance.now()
    const startBytes = this.#bytes
    while (!this.#ended) {
      const before = this.#bytes
      await within(lastOutputMs, this.#done)
      const idle = this.#bytes === before && !this.#busy
      if (idle || this.#bytes - startBytes > lastOutputBytes || performance.now() - startedAt > lastReadMs) break
    }
    this.#stream?.destroy()
    await within(lastReadMs, this.#done)
  }

  async #read(stream: Readable | null, name: LogStream, sink: OutputSink): Promise<void> {
    const redactor = sink.secrets.stream()
    const take = async (bytes: Buffer) => {
      if (bytes.length === 0) return
      this.#kept.write(bytes)
      await sink.output?.write(name, bytes)
    }
    try {
      for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) {
        this.#bytes += chunk.length
        this.#busy = true
        sink.onRead()
        await take(redactor.push(chunk))
        this.#busy = false
      }
    } catch {
      // The pipe was let go.
    }
    await take(redactor.end())
    this.#ended = true
  }
}

/** Waits for something that never rejects, for at most `ms`. Leaves no timer behind. */
export async function within(ms: number, wait: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([wait, new Promise((resolve) => (timer = setTimeout(resolve, Math.max(0, ms))))])
  clearTimeout(timer)
}
