import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany } from '../support/enqueue.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import { skyclaw } from '../support/skyclaw.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const token = { SKYCLAW_TOKEN: 'of-the-network' }
/** Longer than the test needs to restore, so that this has not to wait for it; the records are looked at as often. */
const repairAfterMs = 8_000

test(
  'of two coordinators one loses its disk: what the other knows is taken over by a backup and a restore, at once',
  { timeout: 60_000 },
  async () => {
    const folder = tempFolder()
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const env = { ...token, SKYCLAW_REPAIR_AFTER_MS: String(repairAfterMs) }
    const cluster = await Cluster.start({ entry, env, names: ['a', 'b'] })
    const [a, b] = cluster.nodes as [ClusterNode, ClusterNode]
    const say = (...words: string[]) =>
      skyclaw(words, folder, { ...token, SKYCLAW_COORDINATOR_URLS: `${a.url},${b.url}` }).ended
    // Due when this is over: that no host can run them is a problem, too.
    const runAt = new Date(Date.now() + 3_600_000).toISOString()
    const [id = ''] = await enqueueMany(a.http, 3, { runAt })
    await b.kill()
    b.deleteDatabase()
    await b.start()
    await cluster.allLive()

    const cancel = { params: { id }, body: {} }
    expect(await a.http.call('cancelJob', cancel)).toMatchObject({ status: 503, body: { code: 'quorum_unreachable' } })
    await until('the records to be missed', async () => {
      const { self } = await a.http.must('listPeers')
      return self.replication?.belowMinimum === 3
    })
    const doctor = await say('doctor')
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(/problem +[^\n]*\ba\b[^\n]*: 3 records have fewer live coordinators[^\n]*\n +-> /)

    expect(await say('backup', 'rescue.backup')).toMatchObject({ code: 0 })
    const restore = await say('restore', 'rescue.backup')
    expect(restore).toMatchObject({ code: 0, stderr: '' })
    expect(restore.stdout).toContain('3 records read, 0 were news, 3 taken over by the coordinators that live now')
    expect(await b.http.call('cancelJob', cancel)).toMatchObject({ status: 200 })
    const jobs = await sameEverywhere(cluster.nodes)
    expect(jobs.map(({ status }) => status).toSorted()).toEqual(['cancelled', 'queued', 'queued'])
    await until('all to be well', async () => (await say('doctor')).code === 0, { deadlineMs: 40_000, everyMs: 500 })
  },
)
