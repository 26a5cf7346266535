import { join } from 'node:path'
import type { LedgerRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany } from '../support/enqueue.ts'
import { readRecords, sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { skyclaw } from '../support/skyclaw.ts'
import { tempFolder } from '../support/temp-folder.ts'

const file = join('backups', 'network.backup')
const token = { SKYCLAW_TOKEN: 'both-networks' }

async function say(folder: string, { url }: ClusterNode, ...words: string[]) {
  const ended = await skyclaw(words, folder, { ...token, SKYCLAW_COORDINATOR_URL: url }).ended
  expect(ended, `${words.join(' ')} said ${ended.stderr}`).toMatchObject({ code: 0 })
}

/** What stands in a record, whoever agreed on it. */
const substance = (records: Map<string, LedgerRecord>) =>
  [...records.values()].map(({ key, version, value }) => ({ key, version, value })).toSorted(byKey)
const byKey = (one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1)

test(
  'a backup restored into an empty network brings every job, those that are queued to run, and again changes nothing',
  { timeout: 60_000 },
  async () => {
    const folder = tempFolder()
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const old = await Cluster.start({ entry, env: token })
    const keyed = { body: { payload: { kind: 'shell' as const, command: 'true' } }, key: 'kept-over-the-restore' }
    const { job } = await old.nodes[0]!.http.must('enqueueJob', keyed)
    await enqueueMany(old.nodes[1]!.http, 20)
    const oldHost = await RawHost.register(old.nodes[2]!.http, 'host')
    await oldHost.finish(5)
    const before = await sameEverywhere(old.nodes)
    await say(folder, old.nodes[0]!, 'backup', file)
    await Promise.all(old.nodes.map((node) => node.kill()))

    const fresh = await Cluster.start({ entry, env: token })
    const [a, b, c] = fresh.nodes
    await say(folder, a!, 'restore', file)
    expect(await sameEverywhere(fresh.nodes)).toEqual(before)
    const restored = await readRecords(b!.http)
    await say(folder, a!, 'restore', file)
    await say(folder, c!, 'restore', file)
    await sameEverywhere(fresh.nodes)
    expect(substance(await readRecords(b!.http)), 'restored again').toEqual(substance(restored))

    const repeated = await b!.http.must('enqueueJob', { ...keyed, retry: 1 })
    expect(repeated).toMatchObject({ job: { id: job.id }, deduplicated: true })
    await a!.kill()
    const host = await RawHost.register(c!.http, 'host')
    await host.finish(16)
    await a!.start()
    await fresh.allLive()
    await say(folder, b!, 'restore', file)
    const jobs = await sameEverywhere(fresh.nodes)
    expect(jobs.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(Array(21).fill('completed 1'))
  },
)
