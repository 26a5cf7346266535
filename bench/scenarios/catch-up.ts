import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@skyclaw/client'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, scaled } from '../scenario.ts'
import { freePort } from '../server-process.ts'
import { placeFilledDatabase } from '../systems/filled-database.ts'
import { startCoordinator, startCoordinators, token } from '../systems/skyclaw.ts'

const jobs = 100_000
const waitMs = 300_000
const pollMs = 50

export const catchUp: AbsoluteScenario = {
  kind: 'absolute',
  name: 'catch-up',
  title: 'A new coordinator has caught up',
  load: `${jobs.toLocaleString('en')} jobs known to the other one`,
  durability: 'each page of the feed an fsync',
  runs: 3,
  figures: [
    {
      ...{ name: 'ready', title: 'from its start until it is ready', unit: 's', better: 'less' },
      target: { bar: 30, goal: 10 },
    },
  ],
  async measure(folder, effort) {
    const count = scaled(jobs, effort)
    await placeFilledDatabase(folder, { jobs: count, requirementKeys: 1 })
    return withSystem(startCoordinators(folder, 1), async (first) => {
      const urls = [...first.urls, `http://127.0.0.1:${await freePort()}`]
      const startedAt = performance.now()
      return withSystem(startCoordinator(folder, urls, 1), async () => {
        await untilReady(urls[1]!)
        const ready = (performance.now() - startedAt) / 1_000
        const found = countJobs(join(folder, 'node-1', 'coordinator.db'))
        if (found !== count) throw new Error(`it says that it has caught up, and has ${found} of ${count} jobs`)
        return { ready }
      })
    })
  },
}

async function untilReady(url: string): Promise<void> {
  const client = createClient({ coordinators: [url], token, learn: false })
  const deadline = performance.now() + waitMs
  try {
    // Its answer may be late: it has much to do.
    for (;;) {
      const { self, peers } = await client.peers({ timeoutMs: waitMs })
      if (self.ready === true && peers.some(({ lag }) => lag === 0)) return
      if (performance.now() > deadline) throw new Error(`it was not ready within ${waitMs / 1_000} s`)
      await sleep(pollMs)
    }
  } finally {
    await client.close()
  }
}

function countJobs(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return Number(database.prepare("select count(*) as jobs from records where kind = 'job'").get()?.['jobs'])
  } finally {
    database.close()
  }
}
