import { type LogStream, logStreams } from '@skyclaw/protocol'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { flushFolders, writeWhole } from './durable.ts'
import type { FileHandles } from './file-handles.ts'
import { parseSegmentName } from './names.ts'
import {
  type AppendOptions,
  type AttemptLog,
  LogClosedError,
  LogGapError,
  type LogName,
  type LogSizes,
  type StoredPiece,
} from './output-log.ts'
import { blockBytes, type Segment, StreamFiles } from './stream-files.ts'

const closedFile = 'closed.json'

export interface FileLogOptions {
  readonly name: LogName
  readonly dir: string
  /** The folder of all logs. */
  readonly root: string
  readonly handles: FileHandles
  readonly maxStreamBytes: number
  /** Called when something was appended, or the log was closed, with the bytes of disk that it took more than before. */
  readonly onChange: (log: FileLog, diskBytes: number) => void
}

/** What a folder says of its log. */
interface Found {
  readonly segments: Readonly<Record<LogStream, Segment[]>>
  readonly closedAt: LogSizes | undefined
  /** Milliseconds since 1970. */
  readonly changedAt: number
}

/** A log in a folder of its own. */
export class FileLog implements AttemptLog {
  readonly name: LogName
  /** When its files were changed last before it was opened, in milliseconds since 1970. */
  readonly foundAt: number
  readonly #options: FileLogOptions
  readonly #streams: Readonly<Record<LogStream, StreamFiles>>
  readonly #waiting = new Set<() => void>()
  #closed: boolean
  #refusal: Error | undefined
  #diskBytes = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(options: FileLogOptions, { segments, closedAt, changedAt }: Found) {
    this.name = options.name
    this.#options = options
    this.foundAt = changedAt
    this.#streams = {
      stdout: new StreamFiles({ ...options, stream: 'stdout', found: segments.stdout }),
      stderr: new StreamFiles({ ...options, stream: 'stderr', found: segments.stderr }),
    }
    // One whose files are not what was closed goes on, so that whoever has the rest can bring it.
    this.#closed = closedAt !== undefined && logStreams.every((stream) => closedAt[stream] === this.sizes[stream])
    this.#diskBytes = this.storedBytes
  }

  /** Opens what is in the folder, and makes it when there is none. */
  static async open(options: FileLogOptions): Promise<FileLog> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 })
    return new FileLog(options, await look(options.dir))
  }

  get sizes(): LogSizes {
    return { stdout: this.#streams.stdout.size, stderr: this.#streams.stderr.size }
  }

  get closed(): boolean {
    return this.#closed
  }

  get storedBytes(): number {
    // The folder itself, and the note of the close.
    const own = this.#closed ? 2 * blockBytes : blockBytes
    return own + this.#streams.stdout.diskBytes + this.#streams.stderr.diskBytes
  }

  append(stream: LogStream, offset: number, bytes: Uint8Array, { gap = false }: AppendOptions = {}): Promise<number> {
    return this.#inTurn(async () => {
      const files = this.#streams[stream]
      const end = offset + bytes.byteLength
      // An empty piece after a declared gap is news as well.
      if (end <= files.size) return files.size
      if (this.#closed) throw new LogClosedError(`the log has ended with ${files.size} bytes of ${stream}`)
      if (offset > files.size && !gap) throw new LogGapError(files.size)
      try {
        await files.append(Math.max(offset, files.size), bytes.subarray(Math.max(0, files.size - offset)))
      } finally {
        this.#tell()
      }
      return files.size
    })
  }

  read(from: LogSizes, maxBytes: number): Promise<StoredPiece[]> {
    return this.#inTurn(async () => {
      const pieces = await this.#streams.stdout.read(from.stdout, maxBytes)
      const left = maxBytes - pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
      return [...pieces, ...(await this.#streams.stderr.read(from.stderr, left))]
    })
  }

  close(sizes: LogSizes): Promise<void> {
    return this.#inTurn(async () => {
      const wrong = logStreams.find((stream) => sizes[stream] !== this.sizes[stream])
      if (wrong !== undefined) {
        const [wanted, stored] = [sizes[wrong], this.sizes[wrong]]
        if (this.#closed && wanted > stored)
          throw new LogClosedError(`the log has ended with ${stored} bytes of ${wrong}`)
        throw new LogGapError(stored)
      }
      if (this.#closed) return
      const { dir, root } = this.#options
      for (const stream of logStreams) await this.#streams[stream].flush()
      await writeWhole(join(dir, closedFile), JSON.stringify(this.sizes))
      await flushFolders(dir, root)
      this.#closed = true
      await this.#closeFiles()
      this.#tell()
    })
  }

  async changed(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || this.#refusal) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const onAbort = () => resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waiting.add(resolve)
    await promise
    this.#waiting.delete(resolve)
    signal?.removeEventListener('abort', onAbort)
  }

  /** Deletes it. What is asked of it afterwards is refused. */
  async remove(): Promise<void> {
    await this.end(new Error('the log was removed'))
    await rm(this.#options.dir, { recursive: true, force: true })
  }

  /** Finishes what is under way, then refuses. */
  async end(refusal: Error): Promise<void> {
    this.#refusal ??= refusal
    this.#wake()
    await this.#last
    await this.#closeFiles()
  }

  async #closeFiles(): Promise<void> {
    for (const stream of logStreams) await this.#streams[stream].closeFiles()
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#refusal) return Promise.reject(this.#refusal)
    const result = this.#last.then(run)
    this.#last = result.catch(() => undefined)
    return result
  }

  #tell(): void {
    const before = this.#diskBytes
    this.#diskBytes = this.storedBytes
    this.#options.onChange(this, this.#diskBytes - before)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
  }
}

async function look(dir: string): Promise<Found> {
  const segments: Record<LogStream, Segment[]> = { stdout: [], stderr: [] }
  let closedAt: LogSizes | undefined
  let changedAt = (await stat(dir)).mtimeMs
  for (const file of await readdir(dir)) {
    const path = join(dir, file)
    const segment = parseSegmentName(file)
    if (segment) {
      const { size, mtimeMs } = await stat(path)
      segments[segment.stream].push({ offset: segment.offset, bytes: size })
      changedAt = Math.max(changedAt, mtimeMs)
    } else if (file === closedFile) {
      closedAt = parseSizes(await readFile(path, 'utf8'))
    }
  }
  return { segments, closedAt, changedAt }
}

function parseSizes(text: string): LogSizes | undefined {
  try {
    const { stdout, stderr } = JSON.parse(text) as LogSizes
    return { stdout, stderr }
  } catch {
    return undefined
  }
}
