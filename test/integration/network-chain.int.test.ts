import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry, serving } from '../support/coordinator.ts'
import { enqueue, readJob } from '../support/enqueue.ts'
import { freePort } from '../support/free-port.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const names = Array.from({ length: 10 }, (_, index) => `chain-${index}`)
const knowWithinMs = 10_000

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.prepare({ entry, names, bootstrap: 'previous' })
})

/** Starts all at once, and tells how long it took from when all served until each saw all. */
async function startAll(): Promise<number> {
  await Promise.all(cluster.nodes.map((node) => serving(node.spawn())))
  const servedAt = performance.now()
  await cluster.allLive(cluster.nodes, knowWithinMs)
  return Math.round(performance.now() - servedAt)
}

/** A job enqueued at one end is known at the other. */
async function expectOneNetwork(): Promise<void> {
  const [first, last] = [cluster.nodes[0]!, cluster.nodes.at(-1)!]
  const { id } = await enqueue(last.http)
  const found = await until('it to be found at the other end', () => readJob(first.http, id), { deadlineMs: 3_000 })
  expect(found).toMatchObject({ id, status: 'queued' })
  expect(await first.http.must('readHealth')).toMatchObject({ standalone: false })
}

test(
  'of ten coordinators, each told of the one before it alone, each soon knows all, and after a restart again without any bootstrap peer',
  { timeout: 90_000 },
  async () => {
    const joinedMs = await startAll()
    await expectOneNetwork()

    await Promise.all(cluster.nodes.map((node) => node.kill()))
    const nowhere = `http://127.0.0.1:${await freePort()}`
    for (const [index, node] of cluster.nodes.entries()) node.bootstrapsFrom(index % 2 === 0 ? [nowhere] : [])
    const backMs = await startAll()
    await expectOneNetwork()
    process.stdout.write(
      `a chain of ten: all knew all after ${joinedMs} ms, after a restart of all without a bootstrap peer after ${backMs} ms\n`,
    )
  },
)
