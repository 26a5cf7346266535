/** Where the coordinator's time comes from. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: for what people read and for `runAt`. */
  now(): number
  /** Milliseconds that only ever grow: for ages and leases. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
