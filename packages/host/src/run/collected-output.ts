import type { AttemptOutput } from './attempt-output.ts'

/** The beginning of an attempt's stdout, beside where its output goes otherwise. */
export class CollectedOutput implements AttemptOutput {
  readonly #next: AttemptOutput | undefined
  readonly #maxBytes: number
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #cut = false

  constructor(next: AttemptOutput | undefined, maxBytes: number) {
    this.#next = next
    this.#maxBytes = maxBytes
  }

  /** Whether there was more than is kept. */
  get isCut(): boolean {
    return this.#cut
  }

  get bytes(): number {
    return this.#bytes
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8')
  }

  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> | undefined {
    if (stream === 'stdout' && bytes.length > 0) this.#keep(bytes)
    return this.#next?.write(stream, bytes)
  }

  #keep(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.#bytes
    this.#cut ||= bytes.length > room
    if (room <= 0) return
    // A copy: the bytes are the next one's.
    const kept = Buffer.from(bytes.subarray(0, room))
    this.#pieces.push(kept)
    this.#bytes += kept.length
  }
}
