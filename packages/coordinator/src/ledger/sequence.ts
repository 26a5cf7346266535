/** A merged record may name any sequence number; one from further in the future than this is not counted on from. */
const maxLeadMs = 86_400_000

/** The numbers that order new records: they follow the clock, with room for a thousand in a millisecond, and only ever grow. */
export class Sequence {
  #last: number

  /** @param last the last number given before, of whatever origin */
  constructor(last: number, now: number) {
    this.#last = Math.min(last, numberAt(now + maxLeadMs))
  }

  next(now: number): number {
    this.#last = Math.max(this.#last + 1, numberAt(now))
    return this.#last
  }
}

function numberAt(now: number): number {
  return now * 1_000
}
