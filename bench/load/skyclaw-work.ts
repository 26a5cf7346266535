/**
 * A host that claims and completes at once, without running anything: what the queue costs. It claims and reports as hosts do: for
 * all places that became free in one turn, and the results together that wait while two requests are under way.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { limits } from '@skyclaw/protocol'
import { report, settings } from './drive.ts'

const {
  urls,
  token,
  operations,
  warmUp,
  concurrency,
  claimMax,
  capabilities = ['shell'],
} = settings() as {
  urls: string[]
  token: string
  operations: number
  warmUp: number
  concurrency: number
  claimMax: number
  /** What the host offers. */
  capabilities?: string[]
}
const heartbeatMs = 3_000
const transport = undiciTransport({ connections: concurrency + 8 })
const client = createClient({ coordinators: urls, token, transport, learn: false })
const { host } = await client.call('registerHost', {
  body: { name: 'bench', capabilities, maxParallel: 1_024 },
})
const beat = setInterval(
  () => void client.call('heartbeat', { params: { id: host.id }, body: {} }).catch(() => {}),
  heartbeatMs,
)
const output = { success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
const all = warmUp + operations
const maxRequests = 2
const waiting: { id: string; hostId: string; attempt: number }[] = []
let requests = 0
let done = 0
let underWay = 0
let startedAt = performance.now()
/** How many were done when the measuring began: the last report of the warm-up may have more than the warm-up needs. */
let doneBefore = 0
let wake: (() => void) | undefined

async function reportWaiting(): Promise<void> {
  await endOfTurn()
  while (waiting.length > 0 && requests < maxRequests) void send(waiting.splice(0, limits.completeReports))
}

async function send(leases: typeof waiting): Promise<void> {
  requests += 1
  const reports = leases.map((lease) => ({ ...lease, ...output }))
  const { results } = await client.call('completeJobs', { body: { reports } })
  requests -= 1
  for (const { problem } of results) if (problem) throw new Error(`a report was refused: ${problem.detail}`)
  const wasWarm = done >= warmUp
  done += results.length
  underWay -= results.length
  if (!wasWarm && done >= warmUp) [startedAt, doneBefore] = [performance.now(), done]
  wake?.()
  await reportWaiting()
}

while (done < all) {
  const wanted = Math.min(claimMax, concurrency - underWay, all - done - underWay)
  if (wanted <= 0) {
    await new Promise<void>((resolve) => (wake = resolve))
    await endOfTurn()
    continue
  }
  const { jobs = [] } = await client.call('claimJobs', {
    params: { id: host.id },
    body: { max: wanted, waitMs: 2_000 },
  })
  for (const { id, attempts: attempt } of jobs) waiting.push({ id, hostId: host.id, attempt })
  underWay += jobs.length
  void reportWaiting()
}
const elapsedMs = performance.now() - startedAt
report({ operations, elapsedMs: (elapsedMs * operations) / (all - doneBefore), latencies: [] })
clearInterval(beat)
await client.close()
