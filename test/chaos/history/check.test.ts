import { expect, test } from 'vitest'
import { check } from './check.ts'
import type { Done, Entry, History, JobView } from './entry.ts'
import { show, type ViolationKind, violationKinds } from './violation.ts'

const queued: JobView = { id: 'j', tag: 't', status: 'queued', attempts: [] }
const leased: JobView = { ...queued, status: 'leased', attempts: [{ hostId: 'h' }] }
const completed: JobView = {
  ...queued,
  status: 'completed',
  attempts: [{ hostId: 'h', outcome: 'completed' }],
  stdout: 'done',
}
const retried: JobView = { ...leased, attempts: [{ hostId: 'h', outcome: 'lease_lost' }, { hostId: 'i' }] }
const cancelled: JobView = { ...queued, status: 'cancelled', cancelAsked: true }

type Planted<Did extends Entry['did']> = Omit<Done<Did>, 'who' | 'did' | 'at'> & { at: number; who?: string }
type Plant = <Did extends Entry['did']>(did: Did, entry: Planted<Did>) => Entry
const a = ((did, entry) => ({ who: 'client', coordinator: 'a', until: entry.at + 1, ...entry, did })) as Plant

const enqueued = a('enqueue', { at: 10, tags: ['t'], jobs: [queued] })
const claimed = a('claim', { at: 20, who: 'h', key: 'k', jobs: [leased] })
const reported = a('report', {
  ...{ at: 30, who: 'h', id: 'j', attempt: 1, outcome: 'completed', stdout: 'done', jobs: [completed] },
})
const ended = [a('look', { at: 90, jobs: [completed] }), a('look at all', { at: 91 })]
const atB = { coordinator: 'b' }
const good: Entry[] = [
  ...[enqueued, claimed, reported],
  a('enqueue', { at: 40, ...atB, tags: ['t'], jobs: [completed] }),
  a('read', { at: 41, ...atB, how: 'get', jobs: [completed] }),
  ...ended,
  a('look', { at: 90, ...atB, jobs: [completed] }),
  a('look at all', { at: 91, ...atB }),
]

test('a history in which all went well shows no violation', () => {
  expect(show(check(good))).toBe('')
})

const twinCancelled: JobView = { ...queued, id: 'k', status: 'cancelled', duplicateOf: 'j' }
const cancel = a('cancel', { at: 15, id: 'j', jobs: [cancelled] })
const looks = (...jobs: JobView[]) => [
  ...jobs.map((job) => a('look', { at: 90, jobs: [job] })),
  a('look at all', { at: 91 }),
]

test.each<[what: string, history: History]>([
  ['a read at another coordinator that has not heard', [...good, a('read', { at: 50, ...atB, how: 'list', jobs: [] })]],
  [
    'an older state, read before the newer was answered',
    [...good, a('read', { at: 29, until: 60, how: 'get', jobs: [leased] })],
  ],
  [
    'an older state, read from another coordinator',
    [enqueued, claimed, reported, a('read', { at: 50, ...atB, how: 'get', jobs: [leased] })],
  ],
  [
    'an older state after the disk was lost',
    [enqueued, claimed, reported, a('wipe', { at: 40 }), a('read', { at: 50, how: 'get', jobs: [leased] })],
  ],
  ['a claim that was repeated under its key', [...good, a('claim', { at: 21, who: 'h', key: 'k', jobs: [leased] })]],
  [
    'a result that a host has had, and did not say so itself',
    [enqueued, a('run', { at: 20, who: 'h', tag: 't', stdout: 'done' }), ...ended],
  ],
  [
    'a report that was never answered',
    [enqueued, claimed, { ...reported, until: undefined, jobs: [] } as unknown as Entry, ...ended],
  ],
  ['a twin that gave way', [enqueued, cancel, ...looks(cancelled, twinCancelled)]],
  ['a cancel that held', [enqueued, cancel, ...looks(cancelled)]],
  [
    'a cancel that was never answered, and held',
    [enqueued, { at: 15, who: 'client', did: 'cancel', id: 'j' }, ...looks(cancelled)],
  ],
])('%s is no violation', (_, history) => {
  expect(show(check(history))).toBe('')
})

const planted: Record<ViolationKind, [what: string, history: History, shownBy: number][]> = {
  lost: [['is gone in the end', [enqueued, a('look at all', { at: 91 })], 2]],
  unseen: [
    ['is not found', [enqueued, a('read', { at: 20, ...atB, how: 'get', jobs: [], missing: 'j' })], 2],
    ['is not found when it is to be cancelled', [enqueued, a('cancel', { at: 20, id: 'j', missing: 'j' })], 2],
  ],
  'not ended': [['waits in the end', [enqueued, ...looks(queued)], 1]],
  'end changed': [
    ['has another result', [...good, a('read', { at: 50, how: 'get', jobs: [{ ...completed, stdout: 'other' }] })], 2],
    ['has failed too', [...good, a('read', { at: 50, how: 'get', jobs: [{ ...completed, status: 'failed' }] })], 2],
  ],
  'lives again': [
    ['is handed out after its end', [...good, a('claim', { at: 50, who: 'i', key: 'l', jobs: [retried] })], 2],
  ],
  'fence twice': [
    ['has one attempt given to two claims', [claimed, a('claim', { at: 25, who: 'h', key: 'l', jobs: [leased] })], 2],
    [
      'has one attempt ascribed to two hosts',
      [claimed, a('read', { at: 25, how: 'get', jobs: [{ ...leased, attempts: [{ hostId: 'i' }] }] })],
      2,
    ],
  ],
  'two leases': [
    [
      'is held twice',
      [a('read', { at: 1, how: 'get', jobs: [{ ...retried, attempts: [{ hostId: 'h' }, { hostId: 'i' }] }] })],
      1,
    ],
    ['is held though it waits', [a('read', { at: 1, how: 'get', jobs: [{ ...leased, status: 'queued' }] })], 1],
  ],
  'result of nobody': [
    ['has a result that nobody reported', [enqueued, claimed, ...ended], 1],
    ['has the result of another host', [enqueued, claimed, { ...reported, who: 'i' }, ...ended], 1],
  ],
  'report undone': [
    [
      'has lost a report',
      [
        enqueued,
        reported,
        ...looks({ ...retried, status: 'failed', attempts: [{ hostId: 'h', outcome: 'lease_lost' }] }),
      ],
      2,
    ],
  ],
  'went back': [
    ['is shown younger', [claimed, a('read', { at: 30, how: 'get', jobs: [queued] })], 2],
    ['is shown alive after its end', [reported, a('read', { at: 40, how: 'list', jobs: [leased] })], 2],
    [
      'is shown without its cancel',
      [
        a('cancel', { at: 15, id: 'j', jobs: [{ ...leased, cancelAsked: true }] }),
        a('read', { at: 20, how: 'get', jobs: [leased] }),
      ],
      2,
    ],
  ],
  'several jobs': [
    [
      'has a twin that stands',
      [enqueued, cancel, ...looks(cancelled, { ...cancelled, id: 'k', cancelAsked: undefined } as unknown as JobView)],
      2,
    ],
    ['gives way to one that is not there', [enqueued, ...looks({ ...twinCancelled, duplicateOf: 'x' })], 1],
  ],
  'wrong job': [['answers another request', [a('enqueue', { at: 10, tags: ['u'], jobs: [queued] })], 1]],
  refused: [['is refused', [a('enqueue', { at: 10, tags: ['t'], refused: 'idempotency_conflict' })], 1]],
  'cancel undone': [
    ['is run after its cancel', [enqueued, cancel, a('claim', { at: 20, who: 'h', key: 'k', jobs: [leased] })], 2],
    ['has ended otherwise than cancelled', [enqueued, cancel, reported, ...looks(completed)], 2],
  ],
  'cancelled by nobody': [['is cancelled', [enqueued, ...looks(cancelled)], 1]],
  disagree: [
    [
      'is shown differently by two',
      [...good, a('look', { at: 90, coordinator: 'c', jobs: [{ ...completed, reason: 'x' }] })],
      2,
    ],
  ],
}

const cases = violationKinds.flatMap((kind) => planted[kind].map((plant) => [kind, ...plant] as const))

test.each(cases)('%s: a job that %s is named, with what shows it', (kind, _, history, shownBy) => {
  const found = check(history).find((violation) => violation.kind === kind)
  expect(found, show(check(history))).toBeDefined()
  expect(found!.excerpt).toHaveLength(shownBy)
  expect(show([found!])).toContain(kind)
})
