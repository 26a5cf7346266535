/** A ring that is larger is let go of once it is empty. */
const keptRingBytes = 65_536
const firstRingBytes = 4_096

export interface PendingPiece {
  /** Of its first byte in the stream. */
  readonly offset: number
  readonly bytes: Buffer
}

/**
 * The newest bytes of a stream that nobody has taken yet, at most `maxBytes`, in a ring that grows as it is needed. What comes
 * beyond pushes the oldest out; the offsets tell.
 */
export class PendingBytes {
  readonly #maxBytes: number
  #ring: Buffer = Buffer.alloc(0)
  #first = 0
  #size = 0
  #end = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#size
  }

  /** Bytes that can be added without pushing others out. */
  get room(): number {
    return this.#maxBytes - this.#size
  }

  /** The offset of the oldest byte. */
  get start(): number {
    return this.#end - this.#size
  }

  /** Bytes of the stream so far. */
  get end(): number {
    return this.#end
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#maxBytes))
    const over = this.#size + kept.length - this.#maxBytes
    if (over > 0) this.#drop(over)
    this.#grow(this.#size + kept.length)
    const place = (this.#first + this.#size) % (this.#ring.length || 1)
    const untilEnd = kept.subarray(0, this.#ring.length - place)
    this.#ring.set(untilEnd, place)
    this.#ring.set(kept.subarray(untilEnd.length), 0)
    this.#size += kept.length
    this.#end += bytes.length
  }

  /** Takes the oldest bytes out, at most so many; undefined when there are none. */
  take(maxBytes: number): PendingPiece | undefined {
    if (this.#size === 0) return undefined
    const offset = this.start
    const bytes = this.#copy(Math.min(maxBytes, this.#size))
    this.#drop(bytes.length)
    return { offset, bytes }
  }

  #copy(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    const untilEnd = this.#ring.copy(bytes, 0, this.#first, this.#first + count)
    this.#ring.copy(bytes, untilEnd, 0, count - untilEnd)
    return bytes
  }

  #drop(count: number): void {
    this.#size -= count
    this.#first = this.#size === 0 ? 0 : (this.#first + count) % this.#ring.length
    if (this.#size === 0 && this.#ring.length > keptRingBytes) this.#ring = Buffer.alloc(0)
  }

  #grow(needed: number): void {
    if (needed <= this.#ring.length) return
    const ring = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(2 * needed, firstRingBytes)))
    this.#copy(this.#size).copy(ring)
    this.#ring = ring
    this.#first = 0
  }
}
