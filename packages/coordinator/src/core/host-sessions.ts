/**
 * When each host was last heard, as ages on the caller's monotonic clock: no wall clock decides whether a host is lost. Nobody is
 * lost within one lease time after the start, after a pause in which nobody could be heard, or after a host that was never heard came
 * to be known: the hosts must first have had the chance to be heard.
 */
export class HostSessions {
  readonly #heardAt = new Map<string, number>()
  /** Hosts that were never heard: since when they are expected. */
  readonly #expectedSince = new Map<string, number>()
  /** Since when hosts can be heard without a break. */
  #awakeSince: number
  #lastAwakeAt: number
  readonly leaseMs: number

  constructor(leaseMs: number, startedAt: number) {
    this.leaseMs = leaseMs
    this.#awakeSince = startedAt
    this.#lastAwakeAt = startedAt
  }

  hear(hostId: string, now: number): void {
    this.#heardAt.set(hostId, now)
    this.#expectedSince.delete(hostId)
  }

  /** Notes that a host is said to hold leases, so that it gets the chance to be heard before they are taken. */
  expect(hostId: string, now: number): void {
    if (!this.#heardAt.has(hostId) && !this.#expectedSince.has(hostId)) this.#expectedSince.set(hostId, now)
  }

  /** To be called often. When the calls have stopped for long, this process stood still and could hear nobody. */
  awake(now: number): void {
    if (now - this.#lastAwakeAt > this.leaseMs / 2) this.#awakeSince = now
    this.#lastAwakeAt = now
  }

  /** Milliseconds since the host was last heard, or undefined when it was not heard since the start. */
  ageMs(hostId: string, now: number): number | undefined {
    const heardAt = this.#heardAt.get(hostId)
    return heardAt === undefined ? undefined : now - heardAt
  }

  isLive(hostId: string, now: number): boolean {
    const age = this.ageMs(hostId, now)
    return age !== undefined && age <= this.leaseMs
  }

  /** Whether its leases may be taken from it. */
  isLost(hostId: string, now: number): boolean {
    return now - this.#silentSince(hostId) > this.leaseMs
  }

  /** Milliseconds from now until the host's leases end if it stays silent; 0 when they have ended. */
  remainingMs(hostId: string, now: number): number {
    return Math.max(0, this.leaseMs - (now - this.#silentSince(hostId)))
  }

  /** Drops what is known of hosts that were silent for longer than `silentMs`, and than the lease time: a bound on memory. */
  forget(silentMs: number, now: number): void {
    const longest = Math.max(silentMs, this.leaseMs)
    for (const times of [this.#heardAt, this.#expectedSince]) {
      for (const [hostId, time] of times) if (now - time > longest) times.delete(hostId)
    }
  }

  #silentSince(hostId: string): number {
    return Math.max(this.#heardAt.get(hostId) ?? this.#expectedSince.get(hostId) ?? 0, this.#awakeSince)
  }
}
