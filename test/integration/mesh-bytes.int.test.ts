import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueue, enqueueMany } from '../support/enqueue.ts'
import { tempFolder } from '../support/temp-folder.ts'

const few = 100
// CI queues fewer than 100,000, which take two minutes. MESH_QUEUED says how many.
const many = Number(process.env['MESH_QUEUED'] ?? 5_000)
const rounds = 4
const enqueuesPerRound = 80
const allowedGrowth = 0.2

test(
  'what coordinators send each other for an enqueue does not grow with the number of queued jobs',
  { timeout: 600_000 },
  async () => {
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const [a, , , cluster] = await Cluster.startThree({ entry, proxied: true })
    const enqueueSome = async (name: string) => {
      const body = { payload: { kind: 'shell' as const, command: 'true' } }
      for (let count = 0; count < enqueuesPerRound; count += 2) {
        await a.http.must('enqueueJob', { body, key: `${name}-${count}` })
        await enqueue(a.http)
      }
    }
    /** Of several rounds the cheapest: signs of life and what is sent again to a busy machine come on top. */
    const bytesPerEnqueue = async (name: string) => {
      await cluster.quiet()
      let least = Number.POSITIVE_INFINITY
      for (let round = 0; round < rounds; round += 1) {
        const before = cluster.peerBytes
        await enqueueSome(`${name}-${round}`)
        const bytes = (cluster.peerBytes - before) / enqueuesPerRound
        // What the first one costs is in part still to come.
        if (round > 0) least = Math.min(least, bytes)
      }
      return Math.round(least)
    }
    await enqueueMany(a.http, few)
    const withFew = await bytesPerEnqueue('few')
    await enqueueMany(a.http, many - few)
    const withMany = await bytesPerEnqueue('many')
    process.stdout.write(
      `bytes between coordinators per enqueue: ${withFew} with ${few} jobs queued, ${withMany} with ${many}\n`,
    )
    expect(Math.abs(withMany / withFew - 1)).toBeLessThan(allowedGrowth)
  },
)
