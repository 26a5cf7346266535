import { problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { type FakeView, healthyNetwork } from '../../test/network-fixture.ts'
import { examine } from './examine.ts'
import type { Answer } from './look.ts'

const now = Date.parse('2026-11-22T10:00:30.000Z')
const names = ['node-a', 'node-b', 'node-c']
const clock = { aheadMs: 0, errorMs: 1 }
const times = { patienceMs: 30, intervalMs: 1 }

/** What the doctor says when the coordinators see themselves so. */
async function findingsOf(spoil: (a: FakeView, b: FakeView, c: FakeView) => void, clocks: object[] = []) {
  const views = healthyNetwork(names, '2026-11-22T10:00:30.000Z')
  spoil(views[0]!, views[1]!, views[2]!)
  const answers = views.map((view, index): Answer => ({
    url: view.self.url,
    view,
    clock: { ...clock, ...clocks[index] },
  }))
  const examination = await examine(
    async () => structuredClone(answers),
    () => now,
    times,
  )
  const bad = examination.findings.filter(({ level }) => level !== 'ok')
  return {
    ok: examination.ok,
    bad: bad.map(({ check, level, message }) => `${level} ${check}: ${message}`),
    findings: examination.findings,
  }
}

test('a network in which all is well has no problems and no notes', async () => {
  const { ok, bad, findings } = await findingsOf(() => {})
  expect({ ok, bad }).toEqual({ ok: true, bad: [] })
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set(['coordinators', 'members', 'minimum', 'lag', 'records', 'clocks']),
  )
})

const spoilt: [string, (a: FakeView, b: FakeView, c: FakeView) => void][] = [
  [
    'problem members: node-a takes node-b (http://node-b:8787) for dead, seen 10s ago',
    ({ peers }) => Object.assign(peers[0]!, { state: 'dead', lastSeenAt: '2026-11-22T10:00:20.000Z' }),
  ],
  [
    'problem members: node-a has never heard http://node-x:8787',
    ({ peers }) => peers.push({ url: 'http://node-x:8787', state: 'dead' }),
  ],
  ['problem members: node-b does not know node-c', (_, { peers }) => peers.pop()],
  [
    'problem minimum: node-a sees 1 live of 2 coordinators that must hold a change: it refuses changes (insufficient_replicas)',
    ({ self }) => (self.replication.live = 1),
  ],
  [
    'problem minimum: the coordinators differ in how many must hold a change: 2 at node-a, 2 at node-b, 1 at node-c',
    (_, __, { self }) => (self.replication.minReplications = 1),
  ],
  [
    'problem members: node-b (http://node-b:8787) answers node-a, and does not count it as a peer',
    ({ peers }, b) => {
      peers[0]!.state = 'dead'
      b.peers.shift()
    },
  ],
  ['problem lag: node-c has not caught up with its peers yet', (_, __, { self }) => (self.ready = false)],
  ['problem lag: node-a is 5000 records behind node-c', ({ peers }) => (peers[1]!.lag = 5_000)],
  [
    'problem records: node-a: 7 records have fewer live coordinators than must hold a change, and cannot be changed',
    ({ self }) => (self.replication.belowMinimum = 7),
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
    ({ peers }, { self }, c) => {
      self.nodeId = 'node-a'
      peers[0]!.nodeId = 'node-a'
      c.peers[1]!.nodeId = 'node-a'
    },
  ],
]

test.each(spoilt)('%s', async (expected, spoil) => {
  const { ok, bad, findings } = await findingsOf(spoil)
  expect(ok).toBe(false)
  expect(bad).toContain(expected)
  // One cause, one finding; and what to do about it.
  expect(bad).toHaveLength(1)
  for (const { level, remedy } of findings) if (level === 'problem') expect(remedy).toMatch(/\w/)
})

const notes: [string, (a: FakeView, b: FakeView, c: FakeView) => void][] = [
  [
    'note members: node-b (http://node-b:8787) is a new instance: the database that was there before is gone',
    ({ peers }) => peers.unshift({ ...peers[0]!, instance: 'i-before', state: 'dead' }),
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

test('clocks that differ by more than the question took are named', async () => {
  const apart = await findingsOf(() => {}, [{ aheadMs: -1_000 }, {}, { aheadMs: 4_000 }])
  expect(apart.bad).toEqual(['problem clocks: the clock of node-c is 5.0s ahead of that of node-a'])
  const slow = await findingsOf(() => {}, [{ aheadMs: -1_000, errorMs: 3_000 }, {}, { aheadMs: 1_000 }])
  expect(slow.bad).toEqual([])
  const here = await findingsOf(() => {}, [{ aheadMs: -9_000 }, { aheadMs: -9_100 }, { aheadMs: -9_000 }])
  expect(here).toMatchObject({
    ok: true,
    bad: ['note clocks: the clock of node-b is 9.1s behind that of this machine'],
  })
})

test('what passes by itself is no finding', async () => {
  let looks = 0
  const examination = await examine(
    async () => {
      looks += 1
      const [view] = healthyNetwork(names, '2026-11-22T10:00:30.000Z')
      // Lag and orphans are never gone at the same look.
      if (looks % 2 === 0) view!.self.replication.orphans = 3
      else view!.peers[0]!.lag = 9_000
      return [{ url: 'http://node-a:8787', view: view! }]
    },
    () => now,
    { patienceMs: 5_000, intervalMs: 1 },
  )
  expect(examination.findings.filter(({ level }) => level !== 'ok')).toEqual([])
  expect(looks).toBe(2)
})

test('who has just been started is given the time to be heard', async () => {
  let looks = 0
  const examination = await examine(
    async () => {
      looks += 1
      const views = healthyNetwork(names, '2026-11-22T10:00:30.000Z')
      if (looks === 1) Object.assign(views[2]!.self, { ready: false })
      if (looks === 2) Object.assign(views[0]!.peers[1]!, { state: 'dead', lastSeenAt: '2026-11-22T10:00:00.000Z' })
      return views.map((view) => ({ url: view.self.url, view }))
    },
    () => now,
    { patienceMs: 5_000, intervalMs: 1 },
  )
  expect(examination).toMatchObject({ ok: true })
  expect(looks).toBe(3)
})

test('doctor exits with 0 when all is well and with 1 when not, and asks each coordinator by itself', async () => {
  const views = healthyNetwork(['node-a', 'node-b', 'node-c'], new Date().toISOString())
  const servers = await Promise.all(views.map((view) => fakeCoordinator(() => ({ body: view }))))
  const well = ['doctor', '--urls', servers.map(({ url }) => url).join(',')]
  const run = await runInProcess(well)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(/^ok {7}node-a \(http:[^)]*\) answers, version 0\.1\.0\n[^]*\n\nAll is well\.\n$/)
  expect(servers.map(({ asked }) => asked.length)).toEqual([1, 1, 1])
  expect(run.stdout).not.toMatch(/note|problem/)

  const refusing = await fakeCoordinator(() => ({ status: 401, body: problem('unauthorized', 'no') }))
  const ill = await runInProcess([...well, '--urls', refusing.url, '--urls', 'http://127.0.0.1:1', '--json'])
  expect(ill.code).toBe(1)
  const { ok, findings } = JSON.parse(ill.stdout) as { ok: boolean; findings: { level: string; check: string }[] }
  expect(ok).toBe(false)
  expect(findings.filter(({ level }) => level === 'problem').map(({ check }) => check)).toEqual([
    'token',
    'coordinators',
  ])
  expect(ill.stdout).toContain('others take it')
})

test('peers list shows the coordinators and how well the records are kept', async () => {
  const [view] = healthyNetwork(['node-a', 'node-b', 'node-c'], new Date().toISOString())
  Object.assign(view!.peers[1]!, {
    state: 'dead',
    ready: false,
    lag: 12,
    lastSeenAt: new Date(Date.now() - 60_500).toISOString(),
  })
  view!.peers.push({ url: 'http://node-x:8787', state: 'dead' })
  view!.peers.push({ ...view!.peers[0]!, instance: 'i-before', state: 'dead', lastSeenAt: new Date(0).toISOString() })
  const { url } = await fakeCoordinator(() => ({ body: view }))
  const { code, stdout } = await runInProcess(['peers', 'list', '--url', url])
  expect(code).toBe(0)
  expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    'NAME | STATE | URL | READY | LAG | ROUND TRIP | SEEN | INSTANCE',
    'node-a | answers | http://node-a:8787 | yes | - | - | now | i-node-a',
    expect.stringMatching(/^node-b \| alive \| http:\/\/node-b:8787 \| yes \| 0 \| 1ms \| \d+ms ago \| i-node-b$/),
    expect.stringMatching(/^node-b \| replaced \| http:\/\/node-b:8787 \| .* \| i-before$/),
    'node-c | dead | http://node-c:8787 | - | - | - | 61s ago | i-node-c',
    '- | unknown | http://node-x:8787 | - | - | - | never | -',
    '',
    'live coordinators | 3, of which 2 must hold a change',
    'records below that | 0',
    'records to spread | 0',
    'orphans | 0',
    'unresolved twins | 0',
    '',
  ])
  const json = await runInProcess(['peers', 'list', '--json', '--url', url])
  expect(JSON.parse(json.stdout)).toEqual(view)
})
