/** Writes of a turn that wait in memory for its end, so that a row which changes several times is written once. */
export interface WriteBuffer {
  /** Counts up with each write that is put off. */
  readonly count: number
  /** Counts up with those that may not be lost once anything of their turn has left. */
  readonly lasting: number
  /** Rows that flushing has written so far: they were counted when they were put off, whichever input has them written. */
  readonly written: number
  /** Writes what was put off. Called before the commit of each turn; afterwards nothing waits. */
  flush(): void
}

/** The write buffers of a store. */
export class WriteBuffers {
  readonly #buffers = new Set<WriteBuffer>()

  /** Has a buffer flushed with each turn from now on. */
  attach(buffer: WriteBuffer): void {
    this.#buffers.add(buffer)
  }

  /** Writes that were put off so far. */
  get count(): number {
    let count = 0
    for (const buffer of this.#buffers) count += buffer.count
    return count
  }

  /** Of these, the ones that may not be lost once anything of their turn has left. */
  get lasting(): number {
    let lasting = 0
    for (const buffer of this.#buffers) lasting += buffer.lasting
    return lasting
  }

  /** Rows that were written so far. */
  get written(): number {
    let written = 0
    for (const buffer of this.#buffers) written += buffer.written
    return written
  }

  flush(): void {
    for (const buffer of this.#buffers) buffer.flush()
  }
}
