import { type LogStream, problem } from '@skyclaw/protocol'

/** What a fake coordinator has of the log of an attempt. */
export class FakeLog {
  readonly pieces: Record<LogStream, { offset: number; bytes: Buffer }[]> = { stdout: [], stderr: [] }
  readonly sizes: Record<LogStream, number> = { stdout: 0, stderr: 0 }
  closed = false

  get stdout(): string {
    return this.bytes('stdout').toString('utf8')
  }

  /** All that it has, without what is missing. */
  bytes(stream: LogStream): Buffer {
    return Buffer.concat(this.pieces[stream].map(({ bytes }) => bytes))
  }
}

/** Keeps logs by the rules of the protocol, in memory. */
export class FakeLogs {
  readonly #logs = new Map<string, FakeLog>()

  /** The log of an attempt, empty before anything came. */
  of(jobId: string, attempt = 1): FakeLog {
    const key = `${jobId} ${attempt}`
    const log = this.#logs.get(key) ?? new FakeLog()
    this.#logs.set(key, log)
    return log
  }

  put(url: URL, bytes: Buffer): Record<string, unknown> {
    const [, , , id = '', , attempt, , name] = url.pathname.split('/')
    const stream: LogStream = name === 'stderr' ? name : 'stdout'
    const log = this.of(id, Number(attempt))
    const offset = Number(url.searchParams.get('offset'))
    const size = log.sizes[stream]
    if (offset > size && url.searchParams.get('gap') !== '1') {
      return { ...problem('log_gap', 'bytes are missing', { expectedOffset: size }) }
    }
    const isNew = offset + bytes.length > size
    if (isNew && log.closed) return { ...problem('log_closed', 'the log is closed') }
    if (isNew) {
      log.pieces[stream].push({ offset: Math.max(offset, size), bytes: bytes.subarray(Math.max(0, size - offset)) })
      log.sizes[stream] = offset + bytes.length
    }
    return { size: log.sizes[stream] }
  }

  close(url: URL, { stdout, stderr }: { stdout?: unknown; stderr?: unknown }): Record<string, unknown> {
    const [, , , id = '', , attempt] = url.pathname.split('/')
    const log = this.of(id, Number(attempt))
    const wrong = log.sizes.stdout !== stdout ? 'stdout' : log.sizes.stderr !== stderr ? 'stderr' : undefined
    if (wrong) return { ...problem('log_gap', 'bytes are missing', { expectedOffset: log.sizes[wrong] }) }
    log.closed = true
    return { copies: 1 }
  }
}
