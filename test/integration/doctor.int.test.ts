import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry, startCoordinator } from '../support/coordinator.ts'
import { freePort } from '../support/free-port.ts'
import { skyclaw } from '../support/skyclaw.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

interface Finding {
  readonly check: string
  readonly level: 'ok' | 'note' | 'problem'
  readonly message: string
  readonly remedy?: string
}

const slowest = 120_000

let entry: string
let cluster: Cluster
beforeAll(async () => {
  entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.prepare({ entry, names: ['a', 'b', 'c'], bootstrap: 'previous', proxied: true })
  for (const node of cluster.nodes) await node.start()
  await cluster.allLive()
}, slowest)

/** What the doctor says that is not well, and its exit code. */
async function doctor(...urls: string[]) {
  const { code, stdout } = await skyclaw(['doctor', '--json', '--urls', urls.join(',')], tempFolder()).ended
  const { findings, coordinators } = JSON.parse(stdout) as { findings: Finding[]; coordinators: { view?: object }[] }
  const problems = findings.filter(({ level }) => level === 'problem')
  return { code, problems, answered: coordinators.filter(({ view }) => view).length }
}

const forget = (...words: string[]) =>
  skyclaw(['peers', 'forget', ...words, '--url', nodes()[0].url], tempFolder()).ended

const nodes = () => cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]

test('told of one coordinator, the doctor asks all of them, and all is well', { timeout: slowest }, async () => {
  expect(await doctor(nodes()[0].url)).toEqual({ code: 0, problems: [], answered: 3 })
})

test(
  'a way that is cut between two, and a network cut in two, are one problem each',
  { timeout: slowest },
  async () => {
    const [a, b, c] = nodes()
    const urls = nodes().map(({ url }) => url)
    cluster.wires.cut({ from: [a], to: [b], how: 'breaks' })
    const found = await until(
      'the cut between two to be told',
      async () => {
        const { problems } = await doctor(...urls)
        return problems.length > 0 && problems
      },
      { deadlineMs: 30_000 },
    )
    expect(found.map(({ check, message }) => [check, message])).toEqual([
      ['links', expect.stringMatching(/^a and b get no answers from each other, while c hears both \(/)],
    ])

    cluster.wires.cut({ from: [a], to: [c], how: 'breaks' })
    const sides = await until(
      'the network to be cut',
      async () => {
        const { problems } = await doctor(...urls)
        return problems.some(({ message }) => message.startsWith('the network is cut')) && problems
      },
      { deadlineMs: 30_000 },
    )
    expect(sides.filter(({ check }) => check === 'links').map(({ message }) => message)).toEqual([
      'the network is cut: a | b and c get no answers from each other, though all answer this machine',
    ])
    cluster.wires.mend()
    await cluster.allLive()
  },
)

test('two networks that do not know each other are one problem', { timeout: slowest }, async () => {
  const lone = await startCoordinator({ folder: tempFolder(), entry, env: { SKYCLAW_COORDINATOR_NODE_ID: 'lone' } })
  const { code, problems } = await doctor(nodes()[0].url, lone.url)
  await lone.stop()
  expect(code).toBe(1)
  expect(problems).toHaveLength(1)
  expect(problems[0]!.message).toMatch(/^2 networks that do not know each other: .*; lone stands alone/)
  expect(problems[0]!.remedy).toMatch(/^start lone again with SKYCLAW_PEER_URLS=http/)
})

test(
  'who lives cannot be forgotten; who is dead is one problem, whose remedy forgets it, and all is well again',
  { timeout: slowest },
  async () => {
    const [a, b, c] = nodes()
    // Nobody is to run it now: there is no host.
    const runAt = new Date(Date.now() + 3_600_000).toISOString()
    await a.http.must('enqueueJob', { body: { payload: { kind: 'shell', command: 'true' }, runAt } })
    const refused = await forget('c')
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/c .* is alive at .*stop it first/),
    })
    expect((await forget('nobody')).stderr).toMatch(/no coordinator has the name "nobody".*peers list/)

    await c.kill()
    await until(
      'c to be dead for all',
      async () => {
        const states = await Promise.all([a, b].map(async ({ http }) => (await http.must('listPeers')).peers))
        return states.every((peers) => peers.some(({ nodeId, state }) => nodeId === 'c' && state === 'dead'))
      },
      { deadlineMs: 30_000, everyMs: 100 },
    )
    const { code, problems } = await doctor(a.url, c.url)
    expect(code).toBe(1)
    const dead = problems.find(({ check }) => check === 'members')
    expect(dead?.message).toMatch(/^c \(http\S+\) counts as dead, last heard \d+(\.\d)?s ago/)
    const [, command = ''] = /skyclaw peers forget ([0-9a-f]{8,})$/.exec(dead?.remedy ?? '') ?? []
    const forgotten = await forget(command)
    expect(forgotten).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^forgotten: c, instance \S+, last at http/),
    })
    await until('b to hear of it', async () => {
      const list = await skyclaw(['peers', 'list', '--url', b.url], tempFolder()).ended
      return /^c +forgotten /m.test(list.stdout)
    })
    expect(await doctor(a.url)).toMatchObject({ code: 0, problems: [], answered: 2 })
  },
)

test('a coordinator with a public URL that does not lead to it is one problem', { timeout: slowest }, async () => {
  const wrong = `http://127.0.0.1:${await freePort()}`
  const env = {
    SKYCLAW_COORDINATOR_NODE_ID: 'd',
    SKYCLAW_COORDINATOR_PUBLIC_URL: wrong,
    SKYCLAW_PEER_URLS: nodes()[0].peerUrl,
  }
  const port = await freePort()
  const outsider = await startCoordinator({ folder: tempFolder(), entry, port, env })
  const { code, problems } = await doctor(nodes()[0].url, `http://127.0.0.1:${port}`)
  await outsider.stop()
  expect(code).toBe(1)
  expect(problems).toEqual([
    {
      check: 'urls',
      level: 'problem',
      message: expect.stringMatching(
        new RegExp(`^d is no member: .*${wrong}, the public URL .*ECONNREFUSED.*d refuses changes$`),
      ),
      remedy: expect.stringContaining('SKYCLAW_COORDINATOR_PUBLIC_URL'),
    },
  ])
})
