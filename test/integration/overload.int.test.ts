import { createClient } from '@skyclaw/client'
import { type Job, limits } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { startCoordinator } from '../support/coordinator.ts'
import type { Http } from '../support/http.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** Together more than any machine does in the second for which new work may wait. */
const batches = 120
const jobsPerBatch = 100

const batchOf = (batch: number) => ({
  jobs: Array.from({ length: jobsPerBatch }, (_, item) => ({
    payload: { kind: 'shell' as const, command: 'true' },
    idempotencyKey: `${batch}-${item}`,
  })),
})

async function listedIds(http: Http): Promise<string[]> {
  const jobs: Job[] = []
  let cursor: string | undefined
  do {
    const page = await http.must('listJobs', { query: { limit: limits.pageMax, ...(cursor && { cursor }) } })
    jobs.push(...page.jobs)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return jobs.map(({ id }) => id)
}

test(
  'in a rush some are sent away at once and get through later, those taken in are answered whole, and hosts are heard meanwhile',
  { timeout: 60_000 },
  async () => {
    const { http, url } = await startCoordinator({ folder: tempFolder() })
    const host = await RawHost.register(http, 'host')
    // The rush is to come over connections that are there: a server takes new ones in one by one.
    await Promise.all(Array.from({ length: batches }, () => http.must('readHealth')))

    const rush = Promise.all(
      Array.from({ length: batches }, async (_, batch) => ({
        batch,
        answer: await http.call('enqueueBatch', { body: batchOf(batch) }),
      })),
    )
    for (let beat = 0; beat < 20; beat += 1) await host.beat()
    const answers = await rush
    const taken = answers.flatMap(({ answer }) => (answer.ok ? [answer.body] : []))
    const refused = answers.flatMap(({ batch, answer }) => (answer.ok ? [] : [{ batch, ...answer }]))
    expect(taken.length).toBeGreaterThan(0)
    expect(refused.length).toBeGreaterThan(0)
    for (const { status, body } of refused) {
      expect({ status, body }).toMatchObject({ status: 429, body: { code: 'too_busy', outcome: 'not_applied' } })
    }

    const client = createClient({ coordinators: [url], timeoutMs: 30_000 })
    const later = await Promise.all(
      refused.map(({ batch }) => client.call('enqueueBatch', { body: batchOf(batch) })),
    ).finally(() => client.close())
    const ids = [...taken, ...later].flatMap(({ results }) => results.map(({ job }) => job?.id))
    expect(new Set(await listedIds(http))).toEqual(new Set(ids))
    expect(new Set(ids).size).toBe(batches * jobsPerBatch)
  },
)
