import { isDeepStrictEqual } from 'node:util'
import { isTerminal, type Job, type LedgerRecord, type RecordValue } from '@skyclaw/protocol'
import type { ClusterNode } from './cluster-node.ts'
import type { Http } from './http.ts'
import { until } from './until.ts'

/** Every job that a coordinator shows, page by page, in its order. */
export async function readJobs(http: Http): Promise<Job[]> {
  const jobs: Job[] = []
  let cursor: string | undefined
  do {
    const page = await http.must('listJobs', { query: { limit: 1_000, ...(cursor !== undefined && { cursor }) } })
    jobs.push(...page.jobs)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return jobs
}

/** Every record of a coordinator's snapshot by its key. What changed while it was read is there in its latest version. */
export async function readRecords(http: Http): Promise<Map<string, LedgerRecord>> {
  const records = new Map<string, LedgerRecord>()
  let cursor: string | undefined
  do {
    const page = await http.must('readSnapshot', { query: { limit: 1_000, ...(cursor !== undefined && { cursor }) } })
    for (const record of page.records) records.set(record.key, record)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return records
}

/**
 * Waits until all of them answer the same: each record with the same value, and in the same version while it can change; and the same pages of jobs. Leases run
 * by what a coordinator heard of a host, so call it when no job is leased. Resolves with the jobs.
 */
export async function sameEverywhere(nodes: readonly ClusterNode[], deadlineMs = 15_000): Promise<Job[]> {
  await sameRecords(nodes, deadlineMs)
  const jobs = async () => unlike(await Promise.all(nodes.map(async ({ http }) => pageOrder(await readJobs(http)))))
  const what = `${namesOf(nodes)} to show the same jobs`
  await until(what, async () => same(await jobs()), { deadlineMs, everyMs: 200 })
  return readJobs(nodes[0]!.http)
}

/** Waits until all of them know each record with the same value, and in the same version while it can change. */
export async function sameRecords(nodes: readonly ClusterNode[], deadlineMs = 15_000): Promise<void> {
  const records = async () => unlike(await Promise.all(nodes.map(async ({ http }) => chosen(await readRecords(http)))))
  const what = `${namesOf(nodes)} to have the same records`
  await until(what, async () => same(await records()), { deadlineMs, everyMs: 200 })
}

const namesOf = (nodes: readonly ClusterNode[]) => nodes.map(({ name }) => name).join(', ')

type Entries = Map<string, unknown>

/** Each record's version and value; a final value may have been chosen, and learned, more than once. */
function chosen(records: Map<string, LedgerRecord>): Entries {
  return new Map(
    [...records].map(([key, { version, value }]) => [key, isFinal(value) ? { value } : { version, value }]),
  )
}

function isFinal(value: RecordValue): boolean {
  return value.kind === 'superseded' || (value.kind === 'job' && isTerminal(value.status))
}

/** The place of a job in the listing is part of the answer. */
function pageOrder(jobs: readonly Job[]): Entries {
  return new Map(jobs.map((job, index) => [job.id, { ...job, index }]))
}

/** What some have and others have not, or have otherwise: what each has of it, in their order. */
function unlike(all: readonly Entries[]): unknown[][] {
  const [first = new Map(), ...others] = all
  const keys = new Set(all.flatMap((entries) => [...entries.keys()]))
  return [...keys]
    .filter((key) => others.some((entries) => !isDeepStrictEqual(first.get(key), entries.get(key))))
    .map((key) => [key, ...all.map((entries) => entries.get(key) ?? 'nothing')])
}

function same(differing: readonly unknown[][]): boolean {
  if (differing.length === 0) return true
  throw new Error(`${differing.length} differ, such as ${differing[0]!.map((had) => JSON.stringify(had)).join('\n  ')}`)
}
