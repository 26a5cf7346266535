import type { PeerView } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import type { Context } from '../context.ts'
import type { Bootstrap, CallFailure, Candidate, Peer } from '../network/membership.ts'
import { peerViews } from './peer-views.ts'

const now = Date.UTC(2026, 0, 1)
const monotonic = 50_000
const wire = { min: 2, max: 3 }

const failure: CallFailure = { kind: 'unreachable', message: 'did not answer: ECONNRESET' }

function peerOf(name: string, more: Partial<Peer> = {}): Peer {
  return {
    ...{ instance: `instance-${name}`, nodeId: name, url: `http://${name}`, version: '1.2.3', wire, incarnation: 4 },
    ...{ state: 'alive', since: 0, ready: true, verified: true, usable: true, knowsUs: true },
    ...{ roundTripMs: 1.2345, answeredAt: monotonic - 1_000 },
    ...more,
  }
}

interface Known {
  readonly peers?: Peer[]
  readonly candidates?: Candidate[]
  readonly bootstraps?: Bootstrap[]
  readonly nameConflicts?: string[]
}

function views({ peers = [], candidates = [], bootstraps = [], nameConflicts = [] }: Known): PeerView[] {
  const membership = {
    ...{ peers: () => peers, candidates: () => candidates, bootstraps: () => bootstraps },
    nameConflicts: () => nameConflicts,
  }
  const network = { membership, lagOf: () => 7, news: () => ({ wire }) }
  const clock = { now: () => now, monotonic: () => monotonic }
  return peerViews({ network, clock } as unknown as Context)
}

const troubles = (peer: Peer, nameConflicts: string[] = []) => views({ peers: [peer], nameConflicts })[0]!.troubles

test('a member is shown with its state, round trip, lag, version, instance and incarnation', () => {
  expect(views({ peers: [peerOf('b')] })).toEqual([
    {
      ...{ nodeId: 'b', instance: 'instance-b', url: 'http://b', version: '1.2.3', state: 'alive', ready: true },
      ...{ incarnation: 4, lag: 7, roundTripMs: 1.2, lastSeenAt: new Date(now - 1_000).toISOString() },
    },
  ])
})

test('each trouble with a member that is alive is shown by its name', () => {
  expect(troubles(peerOf('b', { usable: false, failure }))).toEqual(['unreachable'])
  expect(troubles(peerOf('b', { usable: false, knowsUs: false }))).toEqual(['stranger'])
  expect(troubles(peerOf('b', { usable: false, verified: false }))).toEqual(['unverified'])
  expect(troubles(peerOf('b', { usable: false, wire: { min: 9, max: 9 } }))).toEqual(['version'])
  expect(troubles(peerOf('b'), ['b'])).toEqual(['name_conflict'])
  expect(troubles(peerOf('b', { state: 'suspect', usable: false, failure }), ['b'])).toEqual([
    'unreachable',
    'name_conflict',
  ])
})

test('one message that was lost, and a member that is gone, are no troubles', () => {
  expect(troubles(peerOf('b', { failure }))).toBeUndefined()
  for (const state of ['dead', 'replaced', 'forgotten'] as const) {
    expect(troubles(peerOf('b', { state, usable: false, knowsUs: false, verified: false, failure }), ['b'])).toBe(
      undefined,
    )
  }
})

test('the latest failure is shown as a sentence', () => {
  expect(views({ peers: [peerOf('b', { usable: false, failure })] })[0]!.detail).toBe(
    'http://b did not answer: ECONNRESET',
  )
})

test('who was named and has not answered at its URL is shown as unverified, and who was not asked yet not at all', () => {
  const candidate = { instance: 'instance-c', nodeId: 'c', url: 'http://c', namedBy: 'instance-b' }
  expect(views({ candidates: [candidate] })).toEqual([])
  expect(views({ candidates: [{ ...candidate, failure }] })).toEqual([
    {
      ...{ nodeId: 'c', instance: 'instance-c', url: 'http://c', state: 'suspect', troubles: ['unverified'] },
      detail: 'http://c did not answer: ECONNRESET',
    },
  ])
})

test('a configured URL at which nobody ever answered is a row of its own, and no other is', () => {
  const bootstraps = [
    { url: 'http://x', failure },
    { url: 'http://y', instance: 'instance-y', failure },
    { url: 'http://b' },
  ]
  const shown = views({ peers: [peerOf('b')], bootstraps })
  expect(shown.slice(1)).toEqual([
    { url: 'http://x', state: 'dead', troubles: ['unheard'], detail: 'http://x did not answer: ECONNRESET' },
  ])
})
