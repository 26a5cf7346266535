import type { Clock } from '../clock.ts'
import type { HostSessions } from '../core/host-sessions.ts'
import type { Log } from '../log.ts'
import type { MeshMember } from '../mesh/mesh.ts'
import type { MemberEvent, Membership } from '../network/membership.ts'
import type { MeshDriver } from './driver.ts'
import type { IdentityWatch } from './identity-watch.ts'
import { describeEvent } from './member-log.ts'
import type { MemberRows } from './member-rows.ts'
import type { PeerLinks } from './peer-links.ts'
import type { Standing } from './standing.ts'
import type { ThrottledLog } from './throttled-log.ts'

export interface MemberChangesOptions {
  readonly membership: Membership
  readonly links: PeerLinks
  readonly standing: Standing
  readonly identity: IdentityWatch
  readonly rows: MemberRows
  readonly members: () => readonly MeshMember[]
  readonly peerUrls: readonly string[]
  readonly sessions: HostSessions
  readonly clock: Clock
  readonly log: Log
  readonly warnings: ThrottledLog
}

/** Between two looks for connections that nobody needs, when nothing changes. */
const retainEveryMs = 5_000

/** Passes on what has changed about the members: to the mesh, to the database, to the connections and to the log. */
export class MemberChanges {
  readonly #options: MemberChangesOptions
  #driver: MeshDriver | undefined
  #revision = -1
  #nextRetainAt = 0
  #reconnectedAt = Number.NEGATIVE_INFINITY

  constructor(options: MemberChangesOptions) {
    this.#options = options
  }

  /** Nothing is passed on before. */
  open(driver: MeshDriver): void {
    this.#driver = driver
  }

  /** To be called often, and after whatever may have changed the membership. */
  tell(): void {
    const driver = this.#driver
    if (!driver) return
    const { membership, standing, members, clock } = this.#options
    const events = membership.takeEvents()
    for (const event of events) this.#tellOf(event)
    const changed = events.flatMap((event) => ('peer' in event ? [event.peer.instance] : []))
    // Rows that cannot be written now are written with the next change.
    if (changed.length > 0) driver.run(() => this.#save(changed)).catch(() => undefined)
    const isChanged = membership.revision !== this.#revision
    this.#revision = membership.revision
    standing.note(membership.incarnation, isChanged && members().some(({ alive, ready }) => alive && ready))
    if (isChanged) driver.setMembers(members())
    if (isChanged || clock.monotonic() >= this.#nextRetainAt) this.#retain()
  }

  #tellOf(event: MemberEvent): void {
    const { identity, log, warnings } = this.#options
    if (event.kind === 'usable') this.#noteReconnected()
    identity.note(event)
    const { level, fields, message } = describeEvent(event)
    // Whoever names others may name as many as he likes.
    if (event.kind === 'rejected') warnings.warn(`rejected ${event.candidate.url}`, fields, message)
    else log[level](fields, message)
  }

  /**
   * Hosts may have been heard there all the while. But where coordinators come and go all the time, hosts that are gone must be lost all the
   * same: then what the others tell when they come has to do.
   */
  #noteReconnected(): void {
    const { sessions, clock } = this.#options
    const now = clock.monotonic()
    if (now - this.#reconnectedAt < 2 * sessions.leaseMs) return
    this.#reconnectedAt = now
    sessions.reconnected(now)
  }

  #save(instances: readonly string[]): void {
    const { membership, rows, clock } = this.#options
    for (const instance of instances) {
      const peer = membership.peer(instance)
      if (peer) rows.save(peer, clock.now())
    }
  }

  /** Ends the connections to where no member is any more. */
  #retain(): void {
    const { membership, links, peerUrls, clock } = this.#options
    this.#nextRetainAt = clock.monotonic() + retainEveryMs
    const urls = membership.peers().flatMap(({ instance, url }) => (membership.isMember(instance) ? [url] : []))
    links.retain(new Set([...peerUrls, ...urls]))
  }
}
