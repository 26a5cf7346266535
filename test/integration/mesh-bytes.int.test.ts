import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueue, enqueueMany } from '../support/enqueue.ts'
import { tempFolder } from '../support/temp-folder.ts'

const few = 100
// 100,000 take a minute or two: CI measures fewer. MESH_QUEUED says how many.
const many = Number(process.env['MESH_QUEUED'] ?? 20_000)
const measured = 200
const allowedGrowth = 0.2

test(
  'what coordinators send each other for an enqueue does not grow with the number of queued jobs',
  { timeout: 600_000 },
  async () => {
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const [a, , , cluster] = await Cluster.startThree({ entry, proxied: true })
    const bytesPerEnqueue = async (round: string) => {
      await cluster.quiet()
      const before = { bytes: cluster.peerBytes, at: performance.now() }
      for (let count = 0; count < measured; count += 1) {
        await a.http.must('enqueueJob', {
          body: { payload: { kind: 'shell', command: 'echo', args: ['x'] } },
          key: `${round}-${count}`,
        })
        await enqueue(a.http)
      }
      await cluster.quiet()
      const elapsedMs = performance.now() - before.at
      const bytes = cluster.peerBytes - before.bytes - elapsedMs * (await cluster.idleBytesPerMs())
      return Math.round(bytes / measured / 2)
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
