import type { PeerView, ReplicationView, SelfView } from '@skyclaw/protocol'

/** The answer of a coordinator to `GET /v1/network/peers`, when all is well. */
export interface FakeView {
  self: SelfView & { replication: ReplicationView }
  peers: PeerView[]
}

/** What each of the named coordinators answers: they hear each other, M is 2, `now` is their clocks. */
export function healthyNetwork(names: readonly string[], now: string): FakeView[] {
  const member = (name: string) => ({
    nodeId: name,
    instance: `i-${name}`,
    url: `http://${name}:8787`,
    version: '0.1.0',
    state: 'alive' as const,
    ready: true,
  })
  return names.map((name) => ({
    self: {
      ...member(name),
      now,
      replication: {
        minReplications: 2,
        live: names.length,
        rounds: 0,
        orphans: 0,
        belowMinimum: 0,
        underReplicated: 0,
        unresolvedTwins: 0,
        twinsPossible: 0,
      },
    },
    peers: names
      .filter((other) => other !== name)
      .map((other) => ({ ...member(other), lag: 0, roundTripMs: 1.25, lastSeenAt: now })),
  }))
}
