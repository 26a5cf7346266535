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
  /** What was sent: by the type of the message, and the requests of other kinds, such as `gossip` and `feed`. */
  readonly sent = new Map<string, Tally>()
  /** What came back, by the kind of the request: `messages`, `feed`, `gossip` and so on. */
  readonly received = new Map<string, Tally>()

  count(kind: string, bytes: number): void {
    add(this.sent, kind, bytes)
  }

  countReceived(kind: string, bytes: number): void {
    add(this.received, kind, bytes)
  }
}

function add(tallies: Map<string, Tally>, kind: string, bytes: number): void {
  const tally = tallies.get(kind)
  if (!tally) {
    tallies.set(kind, { messages: 1, bytes })
    return
  }
  tally.messages += 1
  tally.bytes += bytes
}
