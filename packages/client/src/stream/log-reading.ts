import { TextDecoder } from 'node:util'
import { type LogAttempt, type LogChunk, logStreams, type LogStream } from '@skyclaw/protocol'

/** A piece of a job's output. */
export interface OutputChunk {
  attempt: number
  stream: LogStream
  /** Bytes of the attempt's stream that come before. More than came so far: what lies between was left out for good. */
  offset: number
  /** As the job wrote them, secrets redacted. */
  bytes: Uint8Array
  /** Whole characters, U+FFFD for what is no UTF-8. One that `bytes` breaks off comes with the next piece. */
  text: string
}

interface StreamReading {
  /** Up to where it was read. */
  size: number
  decoder: TextDecoder
}

const newReading = (): StreamReading => ({ size: 0, decoder: new TextDecoder('utf-8', { ignoreBOM: true }) })

/** Where a reader of a log is: makes each byte come once, in order, whichever coordinator sends it, and however often. */
export class LogReading {
  #attempt = 0
  #announced = 0
  #streams = { stdout: newReading(), stderr: newReading() }

  /** Whether this attempt is news. */
  announces({ attempt }: LogAttempt): boolean {
    if (attempt <= this.#announced) return false
    this.#announced = attempt
    return true
  }

  /** The new bytes of a piece, if any; before them what the attempt before left unfinished. */
  take({ attempt, stream, offset }: Omit<LogChunk, 'text' | 'base64'>, content: Uint8Array): OutputChunk[] {
    if (attempt < this.#attempt) return []
    const finished = attempt > this.#attempt ? this.finish() : []
    this.#attempt = attempt
    const reading = this.#streams[stream]
    const bytes = content.subarray(Math.max(0, reading.size - offset))
    if (bytes.length === 0) return finished
    const start = Math.max(offset, reading.size)
    const broken = start > reading.size ? reading.decoder.decode() : ''
    reading.size = start + bytes.length
    const text = broken + reading.decoder.decode(bytes, { stream: true })
    return [...finished, { attempt, stream, offset: start, bytes, text }]
  }

  /** What is left of both streams when nothing follows: the beginnings of characters that have no end. */
  finish(): OutputChunk[] {
    const rest = logStreams.flatMap((stream): OutputChunk[] => {
      const { size: offset, decoder } = this.#streams[stream]
      const text = decoder.decode()
      return text === '' ? [] : [{ attempt: this.#attempt, stream, offset, bytes: new Uint8Array(), text }]
    })
    this.#streams = { stdout: newReading(), stderr: newReading() }
    return rest
  }
}
