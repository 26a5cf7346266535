import { problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../../test/fake-coordinator.ts'
import { runInProcess } from '../../../test/fake-io.ts'
import { type FakeView, healthyNetwork } from '../../../test/network-fixture.ts'

const now = '2026-11-22T10:00:30.000Z'

function viewOf(spoil: (view: FakeView) => void): FakeView {
  const [view] = healthyNetwork(['node-a', 'node-b', 'node-c'], now)
  spoil(view!)
  return view!
}

async function list(view: FakeView, ...flags: string[]) {
  const { url } = await fakeCoordinator(() => ({ body: view }))
  const { code, stdout } = await runInProcess(['peers', 'list', '--url', url, ...flags])
  expect(code).toBe(0)
  return stdout
}

const cells = (text: string) => text.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))

test('peers list shows each coordinator as a line, itself marked, and how well the records are kept', async () => {
  const view = viewOf(({ peers }) => {
    Object.assign(peers[1]!, { state: 'dead', ready: false, lag: 12, lastSeenAt: '2026-11-22T09:59:29.000Z' })
    peers.push({ ...peers[0]!, instance: 'i-before', state: 'replaced', lastSeenAt: '2026-11-20T10:00:30.000Z' })
  })
  expect(cells(await list(view))).toEqual([
    'NAME | STATE | RTT | LAG | VERSION | INSTANCE | SEEN | URL',
    'node-a (self) | alive | - | - | 0.1.0 | i-node-a | now | http://node-a:8787',
    'node-b | alive | 1ms | 0 | 0.1.0 | i-node-b | 0ms ago | http://node-b:8787',
    'node-b | replaced | - | - | 0.1.0 | i-before | 2d ago | http://node-b:8787',
    'node-c | dead | - | - | 0.1.0 | i-node-c | 61s ago | http://node-c:8787',
    '',
    'live coordinators | 3, of which 2 must hold a change',
    'records below that | 0',
    'records to spread | 0',
    'orphans | 0',
    'unresolved twins | 0',
    '',
  ])
  expect(JSON.parse(await list(view, '--json'))).toEqual(view)
})

test('peers list says beneath the table what is wrong with whom', async () => {
  const url = 'http://127.0.0.1:9'
  const detail = `${url} did not answer: ECONNREFUSED`
  const view = viewOf(({ peers }) => {
    Object.assign(peers[0]!, { troubles: ['unreachable'], detail: 'http://node-b:8787 did not answer: timed out' })
    Object.assign(peers[1]!, { nodeId: 'node-a', troubles: ['name_conflict'] })
    peers.push({ nodeId: 'node-d', instance: 'i-node-d', url, state: 'suspect', troubles: ['unverified'], detail })
    peers.push({ url, state: 'dead', troubles: ['unheard'], detail })
  })
  const lines = cells(await list(view))
  expect(lines).toContain('node-d | unverified | - | - | - | i-node-d | never | http://127.0.0.1:9')
  expect(lines).toContain('- | unheard | - | - | - | - | never | http://127.0.0.1:9')
  expect(lines.filter((line) => line.startsWith('! '))).toEqual([
    '! 2 live coordinators are called node-a: http://node-a:8787 (i-node-a) and http://node-c:8787 (i-node-c)',
    '! node-b (http://node-b:8787) gives node-a no answer: it did not answer: timed out',
    '! node-d (http://127.0.0.1:9) is no member: it has not shown that it is reached at that URL: it did not answer: ECONNREFUSED',
    '! no coordinator ever took part at http://127.0.0.1:9, which is one of SKYCLAW_PEER_URLS: it did not answer: ECONNREFUSED',
  ])
})

test('peers list says that a lone coordinator stands alone, and who is about to be dead', async () => {
  const alone = viewOf((view) => {
    view.self.standalone = true
    view.peers.length = 0
  })
  expect(await list(alone)).toContain('! node-a stands alone: a single copy of everything')
  const suspecting = viewOf(({ peers }) => (peers[0]!.state = 'suspect'))
  expect(await list(suspecting)).toContain('! node-b (http://node-b:8787) does not answer, and is dead unless')
})

const member = { nodeId: 'node-b', instance: 'i-node-b', url: 'http://node-b:8787', version: '0.1.0' }

test('peers forget names whom it forgot, and asks for no loss unless told', async () => {
  const { url, asked } = await fakeCoordinator(({ method, body }) => {
    if (method === 'GET') return { body: healthyNetwork(['node-a'], now)[0] }
    const adopted = body && Object.hasOwn(body, 'acceptLoss') ? 3 : 0
    return { body: { forgotten: [{ ...member, state: 'forgotten' }], adopted } }
  })
  const run = await runInProcess(['peers', 'forget', 'node-b', '--url', url])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(
    /^forgotten: node-b, instance i-node-b, last at http:\/\/node-b:8787\nAll hear of it by gossip/,
  )
  expect(run.stdout).not.toContain('latest that')
  const accepted = await runInProcess(['peers', 'forget', 'i-node-b', '--accept-loss', '--url', url])
  expect(accepted.stdout).toContain('3 records go on from the latest that a live coordinator knows.\n')
  const json = await runInProcess(['peers', 'forget', 'node-b', '--json', '--url', url])
  expect(JSON.parse(json.stdout)).toEqual({ forgotten: [{ ...member, state: 'forgotten' }], adopted: 0 })
  const forgettings = asked.filter(({ method }) => method === 'POST')
  expect(forgettings.map(({ path, body }) => [path, body])).toEqual([
    ['/v1/network/forget', { node: 'node-b' }],
    ['/v1/network/forget', { node: 'i-node-b', acceptLoss: true }],
    ['/v1/network/forget', { node: 'node-b' }],
  ])
})

test.each([
  ['member_alive', 'node-b (instance i) is alive at http://b: stop it first', 'only who is gone can be forgotten'],
  ['records_at_risk', '7 records have no quorum without node-b', '"skyclaw peers forget NODE --accept-loss"'],
  ['not_found', 'no coordinator has the name "x"', '"skyclaw peers list" shows them'],
  ['invalid_request', 'node-b could be i-1, dead; i-2, dead: give the instance id', '"skyclaw peers list" shows them'],
] as const)('a refusal of %s says why and what to do', async (code, detail, next) => {
  const { url } = await fakeCoordinator(({ method }) =>
    method === 'GET'
      ? { body: healthyNetwork(['node-a'], now)[0] }
      : { status: 409, body: problem(code, detail, { field: 'node' }) },
  )
  const run = await runInProcess(['peers', 'forget', 'x', '--url', url])
  expect(run).toMatchObject({ code: 1, stdout: '' })
  expect(run.stderr).toContain(detail)
  expect(run.stderr).toContain(next)
  expect(run.stderr.trimEnd()).not.toContain('\n')
})

test('peers forget needs to be told whom, and shows examples', async () => {
  expect(await runInProcess(['peers', 'forget'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/NODE/) })
  expect(await runInProcess(['peers', 'forget', '--acept-loss', 'x'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--accept-loss/),
  })
  const help = await runInProcess(['peers', 'forget', '--help'])
  expect(help.stdout).toMatch(/EXAMPLES[^]*skyclaw peers forget dcf6cc1d --accept-loss/)
})
