/**
 * Clients that enqueue one job after the other for a while: the longest that each of them was without an answer, the first
 * moments left out, in which everything is slow.
 */
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { report, settings } from './drive.ts'
import { payloadOf } from './payload.ts'

const { urls, token, clients, durationMs, warmUpMs, payloadBytes } = settings() as {
  urls: string[]
  token: string
  clients: number
  durationMs: number
  warmUpMs: number
  payloadBytes: number
}
const payload = payloadOf(payloadBytes)
const startedAt = performance.now()
const measuredFrom = startedAt + warmUpMs
let operations = 0

async function enqueueOn(first: number): Promise<number> {
  const coordinators = urls.map((_, index) => urls[(first + index) % urls.length]!)
  const client = createClient({ coordinators, token, transport: undiciTransport() })
  let longestMs = 0
  let answeredAt = performance.now()
  while (performance.now() - startedAt < durationMs) {
    // One that fails after all its retries is a pause that goes on.
    const succeeded = await client.jobs.enqueue(payload).then(
      () => true,
      () => false,
    )
    if (!succeeded) continue
    operations += 1
    const now = performance.now()
    longestMs = Math.max(longestMs, now - Math.max(answeredAt, measuredFrom))
    answeredAt = now
  }
  await client.close()
  return Math.max(longestMs, performance.now() - answeredAt)
}

const latencies = await Promise.all(Array.from({ length: clients }, (_, index) => enqueueOn(index)))
report({ operations, elapsedMs: performance.now() - startedAt, latencies })
