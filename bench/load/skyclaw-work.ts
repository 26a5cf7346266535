/** A host that claims and completes at once, without running anything: what the queue costs. */
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { report, settings } from './drive.ts'

const { urls, token, operations, concurrency, claimMax } = settings() as {
  urls: string[]
  token: string
  operations: number
  concurrency: number
  claimMax: number
}
const transport = undiciTransport({ connections: concurrency + 8 })
const client = createClient({ coordinators: urls, token, transport, learn: false })
const { host } = await client.call('registerHost', {
  body: { name: 'bench', capabilities: ['shell'], maxParallel: 1_024 },
})
const beat = setInterval(
  () => void client.call('heartbeat', { params: { id: host.id }, body: {} }).catch(() => {}),
  3_000,
)
const output = { success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
const latencies: number[] = []
let done = 0
let underWay = 0
let free: (() => void) | undefined
const startedAt = performance.now()
while (done + underWay < operations) {
  const room = Math.min(concurrency - underWay, claimMax, operations - done - underWay)
  if (room < Math.min(claimMax, operations - done - underWay)) {
    await new Promise<void>((resolve) => (free = resolve))
    continue
  }
  const claimedAt = performance.now()
  const { jobs = [] } = await client.call('claimJobs', { params: { id: host.id }, body: { max: room, waitMs: 2_000 } })
  latencies.push(performance.now() - claimedAt)
  for (const { id, attempts } of jobs) {
    underWay += 1
    void client
      .call('completeJob', { params: { id }, body: { hostId: host.id, attempt: attempts, ...output } })
      .then(() => {
        underWay -= 1
        done += 1
        free?.()
      })
  }
}
while (done < operations) await new Promise<void>((resolve) => (free = resolve))
report({ operations, elapsedMs: performance.now() - startedAt, latencies })
clearInterval(beat)
await client.close()
