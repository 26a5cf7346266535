/**
 * What is kept of one output stream: all of it up to `maxBytes`, beyond that the first and the last half. Memory stays
 * below `maxBytes` and the chunk at hand, however much a job prints.
 */
export class OutputBuffer {
  readonly #head: Buffer
  readonly #tail: Buffer
  #headBytes = 0
  /** Bytes that came after the head was full. */
  #beyond = 0

  constructor(maxBytes: number) {
    this.#head = Buffer.alloc(Math.ceil(maxBytes / 2))
    this.#tail = Buffer.alloc(Math.floor(maxBytes / 2))
  }

  write(chunk: Uint8Array): void {
    const forHead = Math.min(chunk.length, this.#head.length - this.#headBytes)
    this.#head.set(chunk.subarray(0, forHead), this.#headBytes)
    this.#headBytes += forHead
    this.#writeTail(chunk.subarray(forHead))
  }

  /** Whether something was left out. */
  get truncated(): boolean {
    return this.#beyond > this.#tail.length
  }

  /** The text kept. Invalid UTF-8 is replaced by U+FFFD; a cut is marked with the number of bytes left out. */
  toString(): string {
    const head = this.#head.subarray(0, this.#headBytes)
    const tail = this.#tailInOrder()
    if (this.#beyond <= this.#tail.length) return Buffer.concat([head, tail]).toString('utf8')
    const start = head.subarray(0, wholeEnd(head))
    const end = tail.subarray(wholeStart(tail))
    const leftOut = this.#headBytes + this.#beyond - start.length - end.length
    return `${start.toString('utf8')}\n[skyclaw: ${leftOut} bytes left out]\n${end.toString('utf8')}`
  }

  /** The tail is a ring: byte number n beyond the head lies at n modulo its length. */
  #writeTail(chunk: Uint8Array): void {
    const size = this.#tail.length
    const last = chunk.subarray(Math.max(0, chunk.length - size))
    const at = size === 0 ? 0 : (this.#beyond + chunk.length - last.length) % size
    const untilEnd = last.subarray(0, size - at)
    this.#tail.set(untilEnd, at)
    this.#tail.set(last.subarray(untilEnd.length), 0)
    this.#beyond += chunk.length
  }

  #tailInOrder(): Buffer {
    const size = this.#tail.length
    if (this.#beyond <= size) return this.#tail.subarray(0, this.#beyond)
    const at = size === 0 ? 0 : this.#beyond % size
    return Buffer.concat([this.#tail.subarray(at), this.#tail.subarray(0, at)])
  }
}

/** Where the last character that is whole ends: a character is at most four bytes. */
function wholeEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    return lengthOf(byte) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Where the first character that is whole begins. More continuation bytes in a row than three are no character. */
function wholeStart(bytes: Buffer): number {
  let start = 0
  while (start < 3 && start < bytes.length && isContinuation(bytes[start] ?? 0)) start += 1
  return start
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

function lengthOf(leading: number): number {
  if (leading >= 0xf0) return 4
  if (leading >= 0xe0) return 3
  return leading >= 0xc0 ? 2 : 1
}
