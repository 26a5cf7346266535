import { type Job, problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { makeJob } from '../../test/job-fixture.ts'
import { type FakeView, healthyNetwork } from '../../test/network-fixture.ts'
import { clock, findingsOf, names, times } from '../../test/doctor-fixture.ts'
import { examine } from './examine.ts'
import type { Answer } from './look.ts'

test('a network in which all is well has no problems and no notes', async () => {
  const { ok, bad, findings } = await findingsOf(() => {})
  expect({ ok, bad }).toEqual({ ok: true, bad: [] })
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set(['coordinators', 'members', 'minimum', 'lag', 'records', 'clocks']),
  )
})

/** Two coordinators answer, and a third one, node-c, does not: they last heard it then. */
async function withoutC(spoil: (peers: FakeView['peers'][number][], views: FakeView[]) => void) {
  const views = healthyNetwork(names, '2026-11-22T10:00:30.000Z').slice(0, 2)
  spoil(
    views.map(({ peers }) => peers.find(({ instance }) => instance === 'i-node-c')!),
    views,
  )
  const failure = { kind: 'silent' as const, message: 'ECONNREFUSED' }
  const answers: Answer[] = [
    ...views.map((view) => ({ url: view.self.url, view, clock })),
    { url: 'http://node-c:8787', failure },
  ]
  const { findings } = await examine(async () => structuredClone(answers), times)
  return findings.filter(({ level }) => level !== 'ok')
}

test('a coordinator that is dead for all is one finding: for how long, what it costs, what to do', async () => {
  const lately = await withoutC((peers, views) => {
    for (const peer of peers) Object.assign(peer, { state: 'dead', lastSeenAt: '2026-11-22T09:55:30.000Z' })
    peers[1]!.lastSeenAt = '2026-11-22T09:50:30.000Z'
    for (const { self } of views) Object.assign(self.replication, { live: 2, underReplicated: 4 })
  })
  expect(lately.filter(({ level }) => level === 'problem')).toEqual([
    {
      check: 'members',
      level: 'problem',
      message: 'node-c (http://node-c:8787) counts as dead, last heard 5m ago; 4 records have fewer copies meanwhile',
      remedy:
        'start it again, or look at its log and at the network between it and node-a and node-b; when it never returns: skyclaw peers forget i-node-c',
    },
  ])
  const [long, ...others] = await withoutC((peers, views) => {
    for (const peer of peers) Object.assign(peer, { state: 'dead', lastSeenAt: '2026-11-20T10:00:30.000Z' })
    for (const { self } of views) Object.assign(self.replication, { live: 1, belowMinimum: 2 })
  })
  expect(others).toEqual([])
  expect(long!.message).toBe(
    'node-c (http://node-c:8787) counts as dead, last heard 2d ago; changes are refused (insufficient_replicas): 1 live of 2 that must hold one; 2 records cannot be changed until more of those that keep them are back',
  )
  expect(long!.remedy).toBe(
    'start it again on its database; when that is lost or it will not return: skyclaw peers forget i-node-c --accept-loss',
  )
})

test('a coordinator that is suspect for all is a finding', async () => {
  const [finding, ...others] = await withoutC((peers) => {
    for (const peer of peers) Object.assign(peer, { state: 'suspect', troubles: ['unreachable'] })
  })
  expect(others).toEqual([])
  expect(finding!.message).toMatch(/^node-c \(http:\/\/node-c:8787\) is suspect: it does not answer/)
})

test('a coordinator that answers the others and not this machine is a problem when it is configured', async () => {
  const [finding, ...others] = await withoutC(() => {})
  expect(others).toEqual([])
  expect(finding).toMatchObject({
    level: 'problem',
    message: 'node-c (http://node-c:8787) does not answer this machine, while node-a and node-b reach it: ECONNREFUSED',
  })
})

test('that one which is not taken in refuses changes is no cost of another one that is dead', async () => {
  const { bad } = await findingsOf((a, b, c) => {
    const url = 'http://node-x:8787'
    for (const { peers } of [a, b]) {
      peers.splice(
        peers.findIndex(({ instance }) => instance === c.self.instance),
        1,
      )
      peers.push({ nodeId: 'node-d', instance: 'i-node-d', url: 'http://node-d:8787', state: 'dead' })
    }
    c.self.replication.live = 1
    c.peers = [{ url, state: 'dead', troubles: ['unheard'], detail: `${url} did not answer: ENOTFOUND` }]
  })
  expect(bad).toEqual([
    'problem members: node-d (http://node-d:8787) counts as dead',
    'problem members: node-c never joined anybody at http://node-x:8787, which is one of its SKYCLAW_PEER_URLS (did not answer: ENOTFOUND); until then node-c refuses changes',
  ])
})

test('a forgotten coordinator is no finding', async () => {
  const { ok, bad } = await findingsOf((a, b, c) => {
    for (const { peers } of [a, b, c])
      peers.push({ ...a.peers[0]!, instance: 'i-old', nodeId: 'old', state: 'forgotten' })
  })
  expect({ ok, bad }).toEqual({ ok: true, bad: [] })
})

test('a lone coordinator is told that it stands alone, and how another one joins', async () => {
  const [view] = healthyNetwork(['node-a'], '2026-11-22T10:00:30.000Z')
  Object.assign(view!.self, { standalone: true })
  view!.self.replication.minReplications = 1
  const { ok, findings } = await examine(async () => [{ url: 'http://127.0.0.1:8787', view: view!, clock }], times)
  expect(ok).toBe(true)
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
    {
      check: 'minimum',
      level: 'note',
      message: 'node-a stands alone: a single copy of everything',
      remedy: 'for more, start another one with SKYCLAW_PEER_URLS=http://node-a:8787',
    },
  ])
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
      const views = healthyNetwork(names, '2026-11-22T10:00:30.000Z')
      const [view] = views
      // Lag and orphans are never gone at the same look.
      if (looks % 2 === 0) view!.self.replication.orphans = 3
      else view!.peers[0]!.lag = 9_000
      return views.map((each) => ({ url: each.self.url, view: each }))
    },
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
    { patienceMs: 5_000, intervalMs: 1 },
  )
  expect(examination).toMatchObject({ ok: true })
  expect(looks).toBe(3)
})

/** Coordinators on loopback that answer as those of a healthy network do. */
async function serve(count: number, jobs: Job[] = []) {
  const views = healthyNetwork(names.slice(0, count), new Date().toISOString())
  const bodies: Record<string, object> = { '/v1/hosts': { hosts: [] }, '/v1/jobs': { jobs } }
  const answer = (view: FakeView) => fakeCoordinator(({ path }) => ({ body: bodies[path.split('?')[0]!] ?? view }))
  const servers = await Promise.all(views.map(answer))
  for (const { self, peers } of views) {
    for (const member of [self, ...peers]) member.url = servers[names.indexOf(member.nodeId!)]!.url
  }
  return { views, servers, urls: servers.map(({ url }) => url) }
}

test('doctor exits with 0 when all is well and with 1 when not, and asks each coordinator by itself', async () => {
  const { servers, urls } = await serve(3)
  const well = ['doctor', '--urls', urls.join(',')]
  const run = await runInProcess(well)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(/^ok {7}node-a \(http:[^)]*\) answers, version 0\.1\.0\n[^]*\n\nAll is well\.\n$/)
  const lookedAt = servers.map(({ asked }) => asked.filter(({ path }) => path === '/v1/network/peers').length)
  expect(lookedAt).toEqual([1, 1, 1])
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

test('doctor tells of jobs that no host can run', async () => {
  const { urls } = await serve(3, [makeJob({ requirement: { requiredCapabilities: ['gpu'] } })])
  const run = await runInProcess(['doctor', '--url', urls[0]!])
  expect(run.code).toBe(1)
  expect(run.stdout).toContain('problem  job job-1 waits for a host with gpu, and there is none\n')
})

test('doctor asks the coordinators that one names, and nobody who was only named', async () => {
  const { views, servers, urls } = await serve(3)
  const stranger = await fakeCoordinator(() => ({ body: views[0] }))
  const instance = 'i-stranger'
  views[0]!.peers.push({ nodeId: 'x', instance, url: stranger.url, state: 'suspect', troubles: ['unverified'] })
  views[0]!.peers.push({ url: `${stranger.url}/x`, state: 'dead', troubles: ['unheard'] })
  views[0]!.peers.push({ ...views[0]!.peers[0]!, instance: 'i-gone', url: stranger.url, state: 'forgotten' })
  const run = await runInProcess(['doctor', '--url', urls[0]!, '--json'])
  expect(run.code).toBe(1)
  const { coordinators } = JSON.parse(run.stdout) as { coordinators: Answer[] }
  expect(coordinators.map(({ url, learned }) => [url, learned])).toEqual(
    urls.map((url, at) => [url, at > 0 || undefined]),
  )
  expect(servers.every(({ asked }) => asked.length > 0)).toBe(true)
  expect(stranger.asked).toEqual([])
}, 15_000)
