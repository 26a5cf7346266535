import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type SkyclawClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { startHost } from '../support/host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { atEnd } from '../support/undo.ts'
import { until } from '../support/until.ts'

/** Pauses of so many clients are measured at once, so often. */
const clients = 10
const rounds = 3

const payload = { kind: 'shell', command: 'true' } as const
const forNobody = { requires: ['nobody-has-this'] }

type Harm = (node: ClusterNode) => Promise<void> | void

let cluster: Cluster
/** Ids of all jobs that were acknowledged. */
const acknowledged = new Set<string>()
/** What is to be started again, or to go on, before the next test. */
const mend: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  cluster = await Cluster.start()
}, 60_000)

afterEach(async () => {
  for (const undo of mend.splice(0)) await undo()
  await cluster.allLive()
}, 60_000)

function connect(nodes: readonly ClusterNode[]): SkyclawClient {
  const client = createClient({ coordinators: nodes.map(({ url }) => url), transport: undiciTransport() })
  atEnd(() => client.close())
  return client
}

/** All of them, in each round with another one first, which a client asks first. */
function inOrder(round: number): ClusterNode[] {
  const first = round % cluster.nodes.length
  return [...cluster.nodes.slice(first), ...cluster.nodes.slice(0, first)]
}

async function kill(node: ClusterNode): Promise<void> {
  mend.push(() => node.start())
  await node.kill()
}

/** From now on it takes what it is sent, and says nothing. */
function stop(node: ClusterNode): void {
  mend.push(() => node.goOn())
  node.standStill()
}

/** Milliseconds of the longest call of a client, of those under way when it is harmed and some that follow. */
async function longestCall(client: SkyclawClient, isHarmed: () => boolean): Promise<number> {
  let longestMs = 0
  for (let answersAfter = 0; answersAfter < 5;) {
    const startedAt = performance.now()
    acknowledged.add((await client.jobs.enqueue(payload, forNobody)).id)
    if (!isHarmed()) continue
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    answersAfter += 1
  }
  return longestMs
}

/** The pauses of many clients whose coordinator, the first of these, is harmed while all of them call. */
async function pausesOf(nodes: readonly ClusterNode[], harm: Harm): Promise<number[]> {
  const all = Array.from({ length: clients }, () => connect(nodes))
  const first = await Promise.all(all.map((client) => client.jobs.enqueue(payload, forNobody)))
  for (const { id } of first) acknowledged.add(id)
  let isHarmed = false
  const pauses = all.map((client) => longestCall(client, () => isHarmed))
  isHarmed = true
  const [used] = nodes
  await harm(used!)
  const measured = await Promise.all(pauses)
  await Promise.all(all.map((client) => client.close()))
  return measured
}

async function measure(what: string, harm: Harm): Promise<number[]> {
  const pauses: number[] = []
  for (let round = 0; round < rounds; round++) {
    pauses.push(...(await pausesOf(inOrder(round), harm)))
    for (const undo of mend.splice(0)) await undo()
    await cluster.allLive()
  }
  const [p50, p99] = [quantile(pauses, 0.5), quantile(pauses, 0.99)].map(Math.round)
  process.stdout.write(`${what}: a call takes p50 ${p50} ms, p99 ${p99} ms; ${rounds} times, ${clients} clients\n`)
  return pauses
}

function quantile(values: readonly number[], fraction: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * fraction))]!
}

/** Those of all jobs that a coordinator lists. */
async function listed(client: SkyclawClient): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await client.jobs.list({ limit: 1_000, ...(cursor !== undefined && { cursor }) })
    ids.push(...page.jobs.map(({ id }) => id))
    cursor = page.nextCursor
    if (cursor === undefined) return ids.toSorted()
  }
}

describe('a client of three coordinators', () => {
  test('goes on within moments when the one that it uses is killed', { timeout: 60_000 }, async () => {
    const pauses = await measure('SIGKILL', kill)
    expect(quantile(pauses, 0.5)).toBeLessThan(2_000)
    expect(Math.max(...pauses)).toBeLessThan(5_000)
  })

  test('goes on within moments when the one that it uses is stopped', { timeout: 60_000 }, async () => {
    const pauses = await measure('SIGSTOP', stop)
    // Below the time-out of one attempt, which is what it would take without pings.
    expect(quantile(pauses, 0.5)).toBeLessThan(3_000)
    expect(Math.max(...pauses)).toBeLessThan(6_000)
  })

  test('has made each job once, though it asked two for some of them', async () => {
    for (const node of cluster.nodes) {
      const client = connect([node])
      await expect.poll(() => listed(client), { timeout: 10_000 }).toEqual([...acknowledged].toSorted())
    }
  })

  test('goes on waiting elsewhere when the one that it waits at is stopped', async () => {
    const [a, b] = cluster.nodes
    const waiting = connect(cluster.nodes)
    const { id } = await waiting.jobs.enqueue(payload, forNobody)
    const wait = waiting.jobs.wait(id)
    stop(a!)
    await connect([b!]).jobs.cancel(id)
    const startedAt = performance.now()
    expect((await wait).status).toBe('cancelled')
    expect(performance.now() - startedAt).toBeLessThan(8_000)
  })
})

test('a client that is given one coordinator learns the others, and goes on without it', async () => {
  const [a] = cluster.nodes
  const client = connect([a!])
  await client.health()
  await until('all coordinators to be learned', () => client.coordinators.length === 3)
  await kill(a!)
  expect((await client.jobs.enqueue(payload, forNobody)).status).toBe('queued')
})

test('a host that is given one coordinator goes on without it, also after a restart', { timeout: 40_000 }, async () => {
  const [a, b, c] = cluster.nodes
  const settings = {
    folder: tempFolder(),
    name: 'learner',
    coordinatorUrl: a!.url,
    allowedCommands: ['true'],
    heartbeatMs: 500,
  }
  const client = connect([b!, c!])
  const host = await startHost(settings)
  const remembered = join(settings.folder, settings.name, 'coordinators.json')
  await until('the coordinators to be remembered', () => existsSync(remembered))
  await kill(a!)
  const runs = async () => (await client.jobs.wait((await client.jobs.enqueue(payload)).id)).status
  expect(await runs()).toBe('completed')
  await host.kill()
  await startHost(settings)
  expect(await runs()).toBe('completed')
})
