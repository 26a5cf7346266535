/** Messages with more members than this are always measured: few are so large, and they weigh much. */
const largeMembers = 40

/** Counts what each coordinator sends. Bytes are those of the JSON, without the heads of HTTP; of small messages a sample is measured. */
export class Traffic {
  messages = 0
  bytes = 0
  readonly messagesBy = new Map<string, number>()
  readonly bytesBy = new Map<string, number>()
  readonly #sampleEvery: number
  readonly #weight = new Map<string, number>()

  constructor(sampleEvery: number) {
    this.#sampleEvery = sampleEvery
  }

  sent(kind: string, body: object): void {
    this.messages += 1
    this.messagesBy.set(kind, (this.messagesBy.get(kind) ?? 0) + 1)
    const size = this.#size(kind, body)
    this.bytes += size
    this.bytesBy.set(kind, (this.bytesBy.get(kind) ?? 0) + size)
  }

  reset(): void {
    this.messages = 0
    this.bytes = 0
    this.messagesBy.clear()
    this.bytesBy.clear()
  }

  /** A message that is measured stands for those of its kind that were not. */
  #size(kind: string, body: object): number {
    const { members } = body as { members?: readonly unknown[] }
    if (members && members.length > largeMembers) return JSON.stringify(body).length
    const weight = (this.#weight.get(kind) ?? this.#sampleEvery - 1) + 1
    if (weight < this.#sampleEvery) {
      this.#weight.set(kind, weight)
      return 0
    }
    this.#weight.set(kind, 0)
    return JSON.stringify(body).length * this.#sampleEvery
  }
}
