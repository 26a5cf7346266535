import { cpSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry, startCoordinator } from '../support/coordinator.ts'
import { enqueue, enqueueMany } from '../support/enqueue.ts'
import { freePort } from '../support/free-port.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import type { Spawned } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'

let entry: string
beforeAll(async () => {
  entry = await bundleEntry(coordinatorEntry, tempFolder())
})

/** Copies its database while it is down, into a folder where another coordinator would find it. */
function copyDatabase(node: ClusterNode): string {
  const folder = tempFolder()
  for (const file of node.databaseFiles()) cpSync(file, join(folder, basename(file)), { recursive: true })
  return folder
}

/** A coordinator on a copy, under the same name and with the same peers, at an address of its own. */
async function startBeside(node: ClusterNode, folder: string) {
  const port = await freePort()
  const env = { ...node.env, SKYCLAW_COORDINATOR_PUBLIC_URL: `http://127.0.0.1:${port}` }
  return startCoordinator({ folder, port, entry, env })
}

/** That it said why it goes by another instance id now. */
function expectWarning({ stdout }: Spawned, lost: string): void {
  const warnings = stdout()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level, msg }) => level >= 40 && /instance/.test(msg))
  expect(JSON.stringify(warnings)).toContain(lost)
}

test(
  'a copy of a database started beside its original becomes a new instance, whether the original went on or not',
  { timeout: 40_000 },
  async () => {
    const [a, b, c, cluster] = await Cluster.startThree({ entry })
    await enqueueMany(a.http, 10)
    const instance = await c.instance()
    await c.stop()
    const idleCopy = copyDatabase(c)
    const agedCopy = copyDatabase(c)
    await c.start()
    await cluster.allLive()

    const besideIdle = await startBeside(c, idleCopy)
    expect((await besideIdle.http.must('readFeed', { query: {} })).instance).not.toBe(instance)
    expectWarning(besideIdle, instance)
    await besideIdle.kill()

    await enqueueMany(c.http, 10)
    const besideAged = await startBeside(c, agedCopy)
    expect((await besideAged.http.must('readFeed', { query: {} })).instance).not.toBe(instance)
    expectWarning(besideAged, instance)
    await besideAged.kill()
    await cluster.allLive()

    // The original is untouched by it: it goes on, and with one of the others it is enough.
    expect(await c.instance()).toBe(instance)
    await besideAged.kill()
    await cluster.allLive()
    await b.kill()
    await enqueue(c.http)
    await b.start()
    await cluster.allLive()
    expect(await sameEverywhere(cluster.nodes)).toHaveLength(21)
  },
)

test('a database put back from an older copy becomes a new instance, and catches up', async () => {
  const [a, b, c, cluster] = await Cluster.startThree({ entry })
  await enqueueMany(a.http, 10)
  const instance = await c.instance()
  await c.stop()
  const copy = copyDatabase(c)
  await c.start()
  await cluster.allLive()
  expect(await c.instance(), 'after an ordinary restart').toBe(instance)
  await enqueueMany(c.http, 10)
  await c.stop()
  c.deleteDatabase()
  cpSync(join(copy, basename(c.database)), c.database)
  await c.start()
  await cluster.allLive()
  expect(await c.instance()).not.toBe(instance)
  expectWarning(c.process, instance)
  expect(await sameEverywhere(cluster.nodes)).toHaveLength(20)
  await enqueue(b.http)
})
