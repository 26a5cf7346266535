/**
 * Hosts as a coordinator sees them: each is registered, beats, waits for jobs, waits for changes when it gets one, and completes it at
 * once. Ends after so many jobs; without a number it stands until it is killed.
 */
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { report, settings } from './drive.ts'
import { everyCapability } from './requirements.ts'

const { urls, token, hosts, claimMax, operations, warmUp } = settings() as {
  urls: string[]
  token: string
  hosts: number
  claimMax: number
  operations?: number
  warmUp: number
}
const heartbeatMs = 5_000
const waitMs = 25_000
/** Requests that a host has under way at most: its claim, its heartbeat, its wait for changes, its reports. */
const requestsOfHost = 3 + claimMax
const output = { success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
const client = createClient({
  ...{ coordinators: urls, token, learn: false },
  transport: undiciTransport({ connections: hosts * 3 + Math.min(64, hosts * requestsOfHost) }),
})
const all = operations === undefined ? Number.POSITIVE_INFINITY : operations + warmUp
/** Hosts that had a job since their last beat. */
const busy = new Set<string>()
/** Hosts whose question for changes is open, and the marks that they were told last. */
const watching = new Set<string>()
const marks = new Map<string, string>()
let done = 0
let startedAt = performance.now()
const { promise: ended, resolve: end } = Promise.withResolvers<void>()

async function complete(hostId: string, job: { id: string; attempts: number }): Promise<void> {
  await client.call('completeJob', { params: { id: job.id }, body: { hostId, attempt: job.attempts, ...output } })
  done += 1
  if (done === warmUp) startedAt = performance.now()
  if (done === all) end()
}

/** As a host daemon does: with no job since the last beat, every other beat is left out. */
function beat(id: string): void {
  let leftOut = true
  setInterval(() => {
    leftOut = !leftOut && !busy.delete(id)
    if (!leftOut) void client.call('heartbeat', { params: { id }, body: {} })
  }, heartbeatMs)
}

async function work(id: string): Promise<void> {
  while (done < all) {
    const { jobs = [] } = await client.call('claimJobs', { params: { id }, body: { max: claimMax, waitMs } })
    if (jobs.length > 0) {
      busy.add(id)
      void watch(id)
    }
    await Promise.all(jobs.map((job) => complete(id, job)))
  }
}

/** As a host daemon does: it asks while it holds a job. */
async function watch(id: string): Promise<void> {
  if (watching.has(id)) return
  watching.add(id)
  const seen = marks.get(id)
  const query = { waitMs, ...(seen !== undefined && { seen }) }
  marks.set(id, (await client.call('watchHost', { params: { id }, query })).seen)
  watching.delete(id)
}

for (let index = 0; index < hosts; index += 1) {
  const body = { name: `host-${index}`, capabilities: [...everyCapability], maxParallel: claimMax }
  const { host } = await client.call('registerHost', { body })
  const { id } = host
  beat(id)
  void work(id)
}
await ended
report({ operations: operations ?? 0, elapsedMs: performance.now() - startedAt, latencies: [] })
process.exit()
