import { expect, test } from 'vitest'
import { findingsOf } from '../../test/doctor-fixture.ts'
import type { FakeView } from '../../test/network-fixture.ts'

/** Who named it does not reach it at its URL; it waits in vain, and knows only whom it was told to join. */
function keepOut(doubting: FakeView[], outsider: FakeView, detail: string, told: string): void {
  const { nodeId, instance } = outsider.self
  const url = 'http://127.0.0.1:8787'
  outsider.self.url = url
  outsider.self.replication.live = 1
  outsider.peers = [
    { url: told, state: 'dead', troubles: ['unheard'], detail: `${told} refused: ${detail} (url_unverified)` },
  ]
  for (const { peers } of doubting) {
    const at = peers.findIndex((peer) => peer.instance === instance)
    peers.splice(at, 1, { nodeId, instance, url, state: 'suspect', troubles: ['unverified'], detail })
  }
}

function mute({ peers }: FakeView, instance: string, state: 'alive' | 'suspect' | 'dead' = 'alive'): void {
  const detail = `http://${instance.slice(2)}:8787 did not answer: ECONNRESET`
  const found = peers.find((peer) => peer.instance === instance)
  Object.assign(found!, { state, detail, ...(state !== 'dead' && { troubles: ['unreachable'] }) })
}

const spoilt: [string, (a: FakeView, b: FakeView, c: FakeView) => void][] = [
  [
    'problem links: node-a gets no answer from node-b (http://node-b:8787), which reaches node-a: the way is cut in one direction (did not answer: ECONNRESET)',
    (a) => mute(a, 'i-node-b'),
  ],
  [
    'problem links: node-a and node-b get no answers from each other, while node-c hears both (did not answer: ECONNRESET)',
    (a, b) => {
      mute(a, 'i-node-b')
      mute(b, 'i-node-a', 'suspect')
    },
  ],
  [
    'problem links: the network is cut: node-a | node-b and node-c get no answers from each other, though all answer this machine',
    (a, b, c) => {
      mute(a, 'i-node-b', 'dead')
      mute(a, 'i-node-c', 'suspect')
      mute(b, 'i-node-a')
      mute(c, 'i-node-a', 'dead')
    },
  ],
  [
    'problem links: node-c reaches the others, and nobody reaches it at its public URL http://node-c:8787 (did not answer: ECONNRESET)',
    (a, b) => {
      mute(a, 'i-node-c')
      mute(b, 'i-node-c')
    },
  ],
  [
    'problem links: node-b (http://node-b:8787) answers node-a, and does not count it as a member',
    ({ peers }, b) => {
      peers[0]!.troubles = ['stranger']
      b.peers.shift()
    },
  ],
  [
    'problem versions: node-b (version 0.1.0) and node-a (version 0.1.0) have no version of the messages in common',
    ({ peers }) => (peers[0]!.troubles = ['version']),
  ],
  [
    'problem urls: node-c is no member: node-a could not verify that it is reached at http://127.0.0.1:8787, the public URL that it names (did not answer: ECONNREFUSED); until then node-c refuses changes',
    (a, b, c) => {
      keepOut([a], c, 'http://127.0.0.1:8787 did not answer: ECONNREFUSED', a.self.url)
      b.peers.pop()
    },
  ],
  [
    'problem urls: node-c never joined anybody at http://node-a:8787, which is one of its SKYCLAW_PEER_URLS (refused: no answer (url_unverified)); until then node-c refuses changes',
    (a, b, c) => {
      keepOut([], c, 'no answer', a.self.url)
      a.peers.pop()
      b.peers.pop()
    },
  ],
  [
    'problem token: node-a never joined anybody at http://node-x:8787, which is one of its SKYCLAW_PEER_URLS (refused: no (unauthorized))',
    ({ peers }) => {
      const url = 'http://node-x:8787'
      peers.push({ url, state: 'dead', troubles: ['unheard'], detail: `${url} refused: no (unauthorized)` })
    },
  ],
  [
    'problem members: node-a and node-b never joined anybody at http://node-x:8787, which is one of their SKYCLAW_PEER_URLS (did not answer: ENOTFOUND)',
    (a, b) => {
      const url = 'http://node-x:8787'
      const row = {
        url,
        state: 'dead' as const,
        troubles: ['unheard' as const],
        detail: `${url} did not answer: ENOTFOUND`,
      }
      for (const { peers } of [a, b]) peers.push({ ...row })
    },
  ],
  ['problem members: node-b does not know node-c', (_, { peers }) => peers.pop()],
  [
    'problem members: 2 networks that do not know each other: node-a and node-b | node-c; node-c stands alone, with a single copy of everything',
    (a, b, c) => {
      a.peers.pop()
      b.peers.pop()
      c.peers.length = 0
      Object.assign(c.self, { standalone: true })
      Object.assign(c.self.replication, { live: 1, minReplications: 1 })
    },
  ],
  [
    'problem minimum: node-a sees 1 live of 2 coordinators that must hold a change, and refuses changes (insufficient_replicas)',
    ({ self }) => (self.replication.live = 1),
  ],
  [
    'problem minimum: the coordinators differ in how many must hold a change: 2 at node-a, 2 at node-b, 1 at node-c',
    (_, __, { self }) => (self.replication.minReplications = 1),
  ],
  ['problem lag: node-c has not caught up with its peers yet', (_, __, { self }) => (self.ready = false)],
  ['problem lag: node-a is 5000 records behind node-c', ({ peers }) => (peers[1]!.lag = 5_000)],
  [
    'problem records: node-a and node-c: 7 records have fewer live coordinators than must hold a change, and cannot be changed',
    (a, _, c) => {
      a.self.replication.belowMinimum = 7
      c.self.replication.belowMinimum = 6
    },
  ],
  [
    'problem orphans: node-b: 2 changes were begun, and nobody knows yet the outcome',
    (_, { self }) => Object.assign(self.replication, { orphans: 5, rounds: 3 }),
  ],
  [
    'problem twins: node-a: two jobs each under 1 idempotency key',
    ({ self }) => (self.replication.unresolvedTwins = 1),
  ],
  [
    'problem names: 2 live coordinators are called node-a: http://node-a:8787 and http://node-b:8787',
    (a, b, c) => {
      b.self.nodeId = 'node-a'
      Object.assign(a.peers[0]!, { nodeId: 'node-a', troubles: ['name_conflict'] })
      Object.assign(b.peers[0]!, { troubles: ['name_conflict'] })
      Object.assign(c.peers[1]!, { nodeId: 'node-a', troubles: ['name_conflict'] })
    },
  ],
]

test.each(spoilt)('%s', async (expected, spoil) => {
  const { ok, bad, findings } = await findingsOf(spoil)
  expect(ok).toBe(false)
  // One cause, one finding; and what to do about it.
  expect(bad).toEqual([expected])
  for (const { level, remedy } of findings) if (level === 'problem') expect(remedy).toMatch(/\w/)
})

const notes: [string, (a: FakeView, b: FakeView, c: FakeView) => void][] = [
  [
    'note members: node-b (http://node-b:8787) is a new instance: the database that was there before is gone',
    (a, b, c) => {
      for (const view of [a, b, c]) {
        view.peers.unshift({ ...a.peers[0]!, instance: 'i-before', nodeId: 'node-b', state: 'replaced' })
      }
    },
  ],
  ['note lag: node-a is 3 records behind node-c', ({ peers }) => (peers[1]!.lag = 3)],
  [
    'note records: node-a: 4 records are kept by fewer coordinators than they could be',
    ({ self }) => (self.replication.underReplicated = 4),
  ],
  [
    'note twins: node-a: 2 jobs with an idempotency key made since its start while some coordinators could not be asked',
    ({ self }) => (self.replication.twinsPossible = 2),
  ],
  ['note versions: coordinators of 2 versions: 0.1.0, 0.2.0', ({ self }) => (self.version = '0.2.0')],
  [
    'note minimum: node-a sees 3 live coordinators, of which 3 must hold a change: none of them may be down',
    (...views) => {
      for (const { self } of views) Object.assign(self.replication, { minReplications: 3, live: 4 })
      views[0].self.replication.live = 3
    },
  ],
]

test.each(notes)('%s, and all is well', async (expected, spoil) => {
  const { ok, bad } = await findingsOf(spoil)
  expect({ ok, bad }).toEqual({ ok: true, bad: [expected] })
})
