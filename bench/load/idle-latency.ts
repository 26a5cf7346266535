/** A host that waits for a job, and a client that enqueues one: how long it takes from the call to the answered claim. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { report, settings } from './drive.ts'
import { payloadOf } from './payload.ts'

const { clientUrl, hostUrl, token, operations, warmUp, payloadBytes } = settings() as {
  clientUrl: string
  hostUrl: string
  token: string
  operations: number
  warmUp: number
  payloadBytes: number
}
const heartbeatMs = 3_000
const claimWaitMs = 20_000
/** By then the claim waits at the coordinator, and nobody has anything left to do. */
const quietMs = 25
const common = { token, learn: false }
const client = createClient({ ...common, coordinators: [clientUrl], transport: undiciTransport() })
const caller = createClient({ ...common, coordinators: [hostUrl], transport: undiciTransport() })
const { host } = await caller.call('registerHost', { body: { name: 'bench', capabilities: ['shell'] } })
const params = { id: host.id }
const beat = setInterval(() => void caller.call('heartbeat', { params, body: {} }).catch(() => {}), heartbeatMs)
const output = { success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
const payload = payloadOf(payloadBytes)
const latencies: number[] = []
const startedAt = performance.now()
for (let done = 0; done < warmUp + operations; done += 1) {
  const claim = caller
    .call('claimJobs', { params, body: { waitMs: claimWaitMs } })
    .then(({ job }) => ({ job, at: performance.now() }))
  await sleep(quietMs)
  const enqueuedAt = performance.now()
  await client.jobs.enqueue(payload)
  const { job, at } = await claim
  if (!job) throw new Error(`the host that waited got no job within ${claimWaitMs} ms`)
  if (done >= warmUp) latencies.push(at - enqueuedAt)
  const body = { hostId: host.id, attempt: job.attempts, ...output }
  await caller.call('completeJob', { params: { id: job.id }, body })
}
report({ operations, elapsedMs: performance.now() - startedAt, latencies })
clearInterval(beat)
await client.close()
await caller.close()
