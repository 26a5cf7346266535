import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany } from '../support/enqueue.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'

const jobsBefore = 5_000
const changed = 50
/** A record and all that is said about it, to two coordinators and back. */
const bytesPerChange = 8_000

test(
  'a coordinator that was down reads what has changed, and only one that lost its database reads everything',
  { timeout: 60_000 },
  async () => {
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const [a, b, c, cluster] = await Cluster.startThree({ entry, proxied: true })
    const host = await RawHost.register(a.http, 'host')
    await enqueueMany(a.http, jobsBefore)
    await cluster.caughtUp()

    /** Starts it again, and tells how many bytes went between coordinators until all were the same. */
    const bytesOfReturn = async () => {
      await cluster.quiet()
      const before = cluster.peerBytes
      await c.start()
      await cluster.allLive()
      await cluster.quiet()
      const bytes = cluster.peerBytes - before
      await sameEverywhere(cluster.nodes)
      return bytes
    }
    await c.kill()
    await enqueueMany(b.http, changed / 2)
    await host.finish(changed / 2)
    const ofChanges = await bytesOfReturn()
    const instance = await c.instance()
    await c.kill()
    c.deleteDatabase()
    const ofEverything = await bytesOfReturn()

    expect(await c.instance()).not.toBe(instance)
    process.stdout.write(
      `catching up: ${ofChanges} bytes for ${changed} changes among ${jobsBefore} jobs, ${ofEverything} for all\n`,
    )
    expect(ofChanges).toBeLessThan(changed * bytesPerChange)
    expect(ofEverything).toBeGreaterThan(ofChanges * 10)
  },
)
