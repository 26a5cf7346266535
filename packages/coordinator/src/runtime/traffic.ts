/** Messages and bytes of one kind. */
export interface Tally {
  messages: number
  bytes: number
}

/** Counts what went to the other coordinators and came from them, over the connections that this one made. Bodies only, in bytes. */
export class Traffic {
  sentBytes = 0
  receivedBytes = 0
  /** Messages that were thrown away because their peer takes none at the moment. */
  droppedMessages = 0
  /** Messages whose batch failed: nobody knows whether they arrived. */
  lostMessages = 0
  /** What was sent, by the type of the message; `gossip` and `feed` count requests. */
  readonly sent = new Map<string, Tally>()

  count(kind: string, bytes: number): void {
    const tally = this.sent.get(kind)
    if (!tally) {
      this.sent.set(kind, { messages: 1, bytes })
      return
    }
    tally.messages += 1
    tally.bytes += bytes
  }
}
