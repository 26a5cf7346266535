/**
 * When each host was last heard, as ages on the caller's monotonic clock: no wall clock decides whether a host is lost. Nobody is
 * lost within one lease time after the start, since the hosts must first have had the chance to be heard.
 */
export class HostSessions {
  readonly #heardAt = new Map<string, number>()
  readonly #startedAt: number
  readonly leaseMs: number

  constructor(leaseMs: number, startedAt: number) {
    this.leaseMs = leaseMs
    this.#startedAt = startedAt
  }

  hear(hostId: string, now: number): void {
    this.#heardAt.set(hostId, now)
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
    return now - (this.#heardAt.get(hostId) ?? this.#startedAt) > this.leaseMs
  }

  /** Milliseconds from now until the host's leases end if it stays silent; 0 when they have ended. */
  remainingMs(hostId: string, now: number): number {
    return Math.max(0, this.leaseMs - (now - (this.#heardAt.get(hostId) ?? this.#startedAt)))
  }

  /** Drops what is known of hosts that were silent for longer than `silentMs`: a bound on memory. */
  forget(silentMs: number, now: number): void {
    for (const [hostId, heardAt] of this.#heardAt) if (now - heardAt > silentMs) this.#heardAt.delete(hostId)
  }
}
