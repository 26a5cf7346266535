import type { LogStream } from '@skyclaw/protocol'
import type { FileHandle } from 'node:fs/promises'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileHandles } from './file-handles.ts'
import { segmentName } from './names.ts'
import type { StoredPiece } from './output-log.ts'

/** Bytes that follow one another, in a file of their own. */
export interface Segment {
  readonly offset: number
  bytes: number
}

export interface StreamFilesOptions {
  readonly stream: LogStream
  readonly dir: string
  readonly handles: FileHandles
  readonly maxStreamBytes: number
  /** As they were found on disk, in any order. */
  readonly found: readonly Segment[]
}

/** With gaps, the head can be many files; what comes after these counts as the tail. */
const maxHeadSegments = 32
const maxTailSegments = 64

/** What a file takes on disk is a multiple of this, as a rule. */
export const blockBytes = 4_096

/**
 * One stream of a log. Its head is the file `<stream>.0` and, where gaps were declared, some more; what comes after the first half of
 * `maxStreamBytes` is the tail, in files of an eighth of it, of which the oldest go. Each file's name has the offset at which it
 * begins, and its length says where it ends, so the folder says it all.
 */
export class StreamFiles {
  readonly #options: StreamFilesOptions
  readonly #headBytes: number
  readonly #tailBytes: number
  readonly #segmentBytes: number
  readonly #segments: Segment[]

  constructor(options: StreamFilesOptions) {
    const { maxStreamBytes, found } = options
    this.#options = options
    this.#headBytes = Math.floor(maxStreamBytes / 2)
    this.#tailBytes = maxStreamBytes - this.#headBytes
    this.#segmentBytes = Math.floor(maxStreamBytes / 8)
    this.#segments = found.map((segment) => ({ ...segment })).toSorted((a, b) => a.offset - b.offset)
    for (const [index, segment] of this.#segments.entries()) {
      // A write that failed may have left more than was acknowledged.
      const next = this.#segments[index + 1]?.offset ?? Number.POSITIVE_INFINITY
      segment.bytes = Math.min(segment.bytes, next - segment.offset)
    }
  }

  /** Where the stream ends. */
  get size(): number {
    const last = this.#segments.at(-1)
    return last ? last.offset + last.bytes : 0
  }

  get diskBytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + Math.ceil(bytes / blockBytes) * blockBytes, 0)
  }

  /** Appends at the end or, where a gap was declared, after it. Nothing at all, after a gap, says that the gap is the end so far. */
  async append(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset > this.size) await this.#begin(offset)
    for (let done = 0; done < bytes.byteLength;) {
      const last = this.#segments.at(-1)
      const room = last ? this.#roomOf(last) : 0
      if (room <= 0) {
        await this.#begin(this.size)
        continue
      }
      const part = bytes.subarray(done, done + room)
      await this.#write(last!, part)
      last!.bytes += part.byteLength
      done += part.byteLength
      await this.#dropExcess()
    }
  }

  /** What is stored from an offset on, at most so many bytes. */
  async read(from: number, maxBytes: number): Promise<StoredPiece[]> {
    const { stream, handles } = this.#options
    const pieces: StoredPiece[] = []
    let left = maxBytes
    for (const segment of this.#segments) {
      const offset = Math.max(from, segment.offset)
      const length = Math.min(segment.offset + segment.bytes - offset, left)
      if (length <= 0) continue
      const position = offset - segment.offset
      const bytes = await handles.use(this.#path(segment), (handle) => readFully(handle, length, position))
      if (bytes.byteLength > 0) pieces.push({ stream, offset, bytes })
      left -= length
    }
    return pieces
  }

  /** Makes all of it last. */
  async flush(): Promise<void> {
    for (const segment of this.#segments) {
      await this.#options.handles.use(this.#path(segment), (handle) => handle.sync())
    }
  }

  async closeFiles(): Promise<void> {
    for (const segment of this.#segments) await this.#options.handles.close(this.#path(segment))
  }

  async #begin(offset: number): Promise<void> {
    const segment = { offset, bytes: 0 }
    await this.#options.handles.use(this.#path(segment), (handle) => handle.truncate(0), { create: true })
    this.#segments.push(segment)
    await this.#dropExcess()
  }

  async #write({ offset, bytes }: Segment, part: Uint8Array): Promise<void> {
    await this.#options.handles.use(this.#path({ offset }), async (handle) => {
      for (let done = 0; done < part.byteLength;) {
        const { bytesWritten } = await handle.write(part, done, part.byteLength - done, bytes + done)
        done += bytesWritten
      }
    })
  }

  #roomOf({ offset, bytes }: Segment): number {
    return offset < this.#headBytes ? this.#headBytes - offset - bytes : this.#segmentBytes - bytes
  }

  async #dropExcess(): Promise<void> {
    for (;;) {
      const first = this.#segments.findIndex(
        ({ offset }, index) => offset >= this.#headBytes || index >= maxHeadSegments,
      )
      const tail = first < 0 ? [] : this.#segments.slice(first)
      const bytes = tail.reduce((sum, segment) => sum + segment.bytes, 0)
      const tooMany = bytes > this.#tailBytes || tail.length > maxTailSegments
      // The last one is being written.
      if (!tooMany || tail.length <= 1) return
      const [dropped] = this.#segments.splice(first, 1)
      const path = this.#path(dropped!)
      await this.#options.handles.close(path)
      await rm(path, { force: true })
    }
  }

  #path({ offset }: Pick<Segment, 'offset'>): string {
    return join(this.#options.dir, segmentName(this.#options.stream, offset))
  }
}

async function readFully(handle: FileHandle, length: number, position: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}
