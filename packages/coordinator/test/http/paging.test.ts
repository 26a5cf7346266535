import { limits, type OperationId } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { expectProblem } from './conformity.ts'
import { report, shellHost, shellJob, startTestCoordinator, type TestCoordinator } from './test-coordinator.ts'

interface Listed {
  readonly ids: string[]
  readonly nextCursor?: string | undefined
}

/** The lists of the API, as the ids in a page and the cursor of the next. */
const lists: Record<string, (coordinator: TestCoordinator, query: Record<string, string>) => Promise<Listed>> = {
  listJobs: async (coordinator, query) => {
    const { jobs, nextCursor } = await coordinator.ok('listJobs', { query })
    return { ids: jobs.map(({ id }) => id), nextCursor }
  },
  listHosts: async (coordinator, query) => {
    const { hosts, nextCursor } = await coordinator.ok('listHosts', { query })
    return { ids: hosts.map(({ id }) => id), nextCursor }
  },
  readState: async (coordinator, query) => {
    const { jobs, nextCursor } = await coordinator.ok('readState', { query })
    return { ids: jobs.map(({ id }) => id), nextCursor }
  },
  readSnapshot: async (coordinator, query) => {
    const { records, nextCursor } = await coordinator.ok('readSnapshot', { query })
    return { ids: records.map(({ key }) => key), nextCursor }
  },
}

async function pages(list: (cursor: Record<string, string>) => Promise<Listed>): Promise<string[][]> {
  const found: string[][] = []
  let cursor: Record<string, string> = {}
  while (found.length < 1_000) {
    const { ids, nextCursor } = await list(cursor)
    found.push(ids)
    if (nextCursor === undefined) return found
    cursor = { cursor: nextCursor }
  }
  throw new Error('the pages do not end')
}

const jobCount = 25
const hostCount = 7

async function filled(): Promise<TestCoordinator> {
  const coordinator = await startTestCoordinator()
  await coordinator.ok('enqueueBatch', { body: { jobs: Array.from({ length: jobCount }, () => shellJob()) } })
  for (let host = 0; host < hostCount; host += 1) await coordinator.ok('registerHost', { body: shellHost(`h${host}`) })
  return coordinator
}

describe.each(Object.entries(lists))('%s', (id, list) => {
  const count = { listJobs: jobCount, readState: jobCount, listHosts: hostCount }[id] ?? jobCount + hostCount

  test.each([1, 2, 5, 7, 100])('shows everything once, in one order, in pages of %i', async (limit) => {
    const coordinator = await filled()
    const [whole] = await pages((cursor) => list(coordinator, { limit: '1000', ...cursor }))
    expect(new Set(whole).size).toBe(count)
    const found = await pages((cursor) => list(coordinator, { limit: `${limit}`, ...cursor }))
    expect(found.flat()).toEqual(whole)
    expect(found.map(({ length }) => length)).toEqual([
      ...Array.from({ length: Math.ceil(count / limit) - 1 }, () => limit),
      count % limit || limit,
    ])
  })

  test('shows everything that was there at the first page, whatever is added and changed meanwhile', async () => {
    const coordinator = await filled()
    const before = (await pages((cursor) => list(coordinator, cursor))).flat()
    let step = 0
    const found = await pages(async (cursor) => {
      const page = await list(coordinator, { limit: '3', ...cursor })
      step += 1
      // New hosts come to one list faster than it is read, so they come only so often.
      if (step <= 8) {
        await coordinator.ok('enqueueJob', { body: shellJob(`later-${step}`) })
        await coordinator.ok('registerHost', { body: shellHost(`later-${step}`) })
        await coordinator.ok('registerHost', { body: shellHost('h3') })
        await coordinator.ok('claimJobs', { params: { id: 'h3' }, body: {} })
      }
      return page
    })
    expect(before.filter((name) => !found.flat().includes(name))).toEqual([])
    if (id !== 'readSnapshot') expect(new Set(found.flat()).size).toBe(found.flat().length)
  })

  test.each([
    ['no base64', '%21'],
    ['text', 'hello'],
    ['another program', Buffer.from('{"page":2}').toString('base64url')],
    ['a negative place', Buffer.from('-1 job:x').toString('base64url')],
    ['half a place', Buffer.from('12').toString('base64url')],
    ['an endless number', Buffer.from(`${'9'.repeat(40)} job:x`).toString('base64url')],
  ])('refuses a cursor of %s', async (_, cursor) => {
    const coordinator = await startTestCoordinator()
    const answer = await coordinator.call(id as OperationId, { query: { cursor: decodeURIComponent(cursor) } })
    expect(expectProblem(answer, 'invalid_request').field).toBe('cursor')
  })
})

test('a page ends early when it grows large, and the next goes on from there', async () => {
  const coordinator = await startTestCoordinator()
  const stdin = 'x'.repeat(limits.stdinChars)
  const jobs = Array.from({ length: 24 }, () => ({ payload: { kind: 'shell', command: 'cat', stdin } }))
  for (let from = 0; from < jobs.length; from += 8) {
    await coordinator.ok('enqueueBatch', { body: { jobs: jobs.slice(from, from + 8) } })
  }
  const bytes: number[] = []
  for (const [id, list] of Object.entries(lists).filter(([name]) => name !== 'listHosts')) {
    const found = await pages(async (cursor) => {
      const answer = await coordinator.call(id as OperationId, { query: { limit: '1000', ...cursor } })
      bytes.push(answer.text.length)
      return list(coordinator, { limit: '1000', ...cursor })
    })
    expect(found.flat()).toHaveLength(jobs.length)
    expect(found.length).toBeGreaterThan(2)
  }
  expect(Math.max(...bytes)).toBeLessThan(limits.pageBytes + 2 * limits.stdinChars)
})

test('the filters of the list of jobs go with its pages', async () => {
  const coordinator = await filled()
  await coordinator.ok('claimJobs', { params: { id: 'h1' }, body: { max: 10 } })
  await coordinator.ok('claimJobs', { params: { id: 'h2' }, body: { max: 5 } })
  const count = async (filter: Record<string, string>) => {
    const found = await pages((cursor) => lists['listJobs']!(coordinator, { limit: '3', ...filter, ...cursor }))
    return new Set(found.flat()).size
  }
  expect(await count({ status: 'leased' })).toBe(15)
  expect(await count({ status: 'queued' })).toBe(jobCount - 15)
  expect(await count({ hostId: 'h1' })).toBe(10)
  expect(await count({ hostId: 'h2', status: 'leased' })).toBe(5)
  expect(await count({ hostId: 'h2', status: 'queued' })).toBe(0)
  expect(await count({ hostId: 'nobody' })).toBe(0)
})

describe('the feed', () => {
  test('gives each record once, under its latest number, and nothing when nothing is new', async () => {
    const coordinator = await filled()
    const seen = new Map<string, number>()
    let since = 0
    for (let more = true; more;) {
      const page = await coordinator.ok('readFeed', { query: { since: `${since}`, limit: '4' } })
      for (const { key, seq } of page.records) {
        expect(seq).toBeGreaterThan(since)
        expect(seen.has(key)).toBe(false)
        seen.set(key, seq)
        since = seq
      }
      expect(page.next).toBe(since)
      more = page.more
    }
    expect(seen.size).toBe(jobCount + hostCount)
    const { job } = await coordinator.ok('claimJobs', { params: { id: 'h1' }, body: {} })
    const news = await coordinator.ok('readFeed', { query: { since: `${since}` } })
    expect(news.records.map(({ key }) => key)).toEqual([`job:${job!.id}`])
    const none = await coordinator.ok('readFeed', { query: { since: `${news.next}` } })
    expect(none).toMatchObject({ records: [], next: news.next, more: false })
  })
})

describe('the state', () => {
  test('shows hosts and jobs, ended ones too, and no secrets', async () => {
    const coordinator = await startTestCoordinator()
    await coordinator.ok('registerHost', { body: { ...shellHost('h1'), capabilities: ['shell', 'openclaw'] } })
    const secret = 'do-not-tell'
    const payloads = [
      { kind: 'shell', command: 'env', args: ['a'], env: { API_KEY: secret }, stdin: secret },
      { kind: 'openclaw-run', message: 'hello', env: { API_KEY: secret } },
    ]
    for (const payload of payloads) await coordinator.ok('enqueueJob', { body: { payload } })
    const { job } = await coordinator.ok('claimJobs', { params: { id: 'h1' }, body: {} })
    expect(job?.payload.env).toEqual({ API_KEY: secret })
    await coordinator.ok('completeJob', { params: { id: job!.id }, body: report('h1') })
    const answer = await coordinator.call('readState')
    expect(answer.text).not.toContain(secret)
    const state = await coordinator.ok('readState')
    expect(state).toMatchObject({ nodeId: 'test', hosts: [{ id: 'h1' }] })
    expect(state.jobs.map(({ status }) => status).toSorted()).toEqual(['completed', 'queued'])
    expect(state.jobs.map(({ payload }) => Object.keys(payload.env ?? {}))).toEqual([['API_KEY'], ['API_KEY']])
  })

  test('shows the hosts on the first page only', async () => {
    const coordinator = await filled()
    const first = await coordinator.ok('readState', { query: { limit: '10' } })
    expect(first.hosts).toHaveLength(hostCount)
    const second = await coordinator.ok('readState', { query: { limit: '10', cursor: first.nextCursor! } })
    expect(second.hosts).toEqual([])
  })
})
