/** A host that claims and completes at once, without running anything: what the queue costs. */
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
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
let done = 0
let underWay = 0
let startedAt = performance.now()
let wake: (() => void) | undefined

async function complete(id: string, attempt: number): Promise<void> {
  await client.call('completeJob', { params: { id }, body: { hostId: host.id, attempt, ...output } })
  underWay -= 1
  done += 1
  if (done === warmUp) startedAt = performance.now()
  wake?.()
}

while (done < all) {
  const wanted = Math.min(claimMax, all - done - underWay)
  if (wanted === 0 || concurrency - underWay < wanted) {
    await new Promise<void>((resolve) => (wake = resolve))
    continue
  }
  const { jobs = [] } = await client.call('claimJobs', {
    params: { id: host.id },
    body: { max: wanted, waitMs: 2_000 },
  })
  for (const { id, attempts } of jobs) {
    underWay += 1
    void complete(id, attempts)
  }
}
report({ operations, elapsedMs: performance.now() - startedAt, latencies: [] })
clearInterval(beat)
await client.close()
