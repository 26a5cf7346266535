/**
 * When each host was last heard, by this coordinator or by others that told it so, as ages on the caller's monotonic clock: no wall
 * clock decides whether a host is lost. Nobody is lost within one lease time after the start, after a pause in which nobody could be
 * heard, after other coordinators that may have heard them came back into reach, or after a host was given a lease elsewhere: the hosts
 * must first have had the chance to be heard.
 */
export class HostSessions {
  readonly #heardAt = new Map<string, number>()
  /** Hosts that were given leases and were not heard since: since when they are expected. */
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

  /**
   * Notes that a host was heard.
   *
   * @param ageMs how long ago, when another coordinator tells of it; what is known to be later stands
   */
  hear(hostId: string, now: number, ageMs = 0): void {
    const heardAt = now - Math.max(0, ageMs)
    if (heardAt > (this.#heardAt.get(hostId) ?? Number.NEGATIVE_INFINITY)) this.#heardAt.set(hostId, heardAt)
    if (heardAt >= (this.#expectedSince.get(hostId) ?? Number.POSITIVE_INFINITY)) this.#expectedSince.delete(hostId)
  }

  /** The hosts that were heard within `withinMs`, each with its age: what other coordinators are told. */
  *ages(withinMs: number, now: number): Generator<{ readonly id: string; readonly ageMs: number }> {
    for (const [id, heardAt] of this.#heardAt) if (now - heardAt <= withinMs) yield { id, ageMs: now - heardAt }
  }

  /**
   * Notes that a host is said to hold a lease, so that it gets the chance to be heard before that is taken.
   *
   * @param isNew whether the lease was not known before: then whoever gave it has heard the host, and may not have said so yet
   */
  expect(hostId: string, now: number, isNew = false): void {
    const isKnown = this.#heardAt.has(hostId) || this.#expectedSince.has(hostId)
    if (isNew || !isKnown) this.#expectedSince.set(hostId, now)
  }

  /** To be called often. When the calls have stopped for long, this process stood still and could hear nobody. */
  awake(now: number): void {
    if (now - this.#lastAwakeAt > this.leaseMs / 2) this.#awakeSince = now
    this.#lastAwakeAt = now
  }

  /** Notes that another coordinator is in reach again: hosts may have been heard there all the while. */
  reconnected(now: number): void {
    this.#awakeSince = now
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
    const heardAt = this.#heardAt.get(hostId) ?? this.#awakeSince
    // One that others heard long ago is given its chance to be heard here all the same.
    const expectedSince = this.#expectedSince.get(hostId) ?? this.#awakeSince
    return Math.max(heardAt, expectedSince, this.#awakeSince)
  }
}
