import type { LogSizes } from '../src/output-log.ts'

type Stream = keyof LogSizes

/** What each stream says at each offset, in memory: the byte, or nothing where it was left out. */
export class ModelLog {
  readonly streams: Record<Stream, (number | undefined)[]> = { stdout: [], stderr: [] }
  closed = false

  sizeOf(stream: Stream): number {
    return this.streams[stream].length
  }

  /** The size, or why not. */
  append(stream: Stream, offset: number, bytes: readonly number[], gap: boolean): number | 'gap' | 'closed' {
    const known = this.streams[stream]
    if (offset + bytes.length <= known.length) return known.length
    if (this.closed) return 'closed'
    if (offset > known.length && !gap) return 'gap'
    while (known.length < offset) known.push(undefined)
    known.push(...bytes.slice(known.length - offset))
    return known.length
  }
}
