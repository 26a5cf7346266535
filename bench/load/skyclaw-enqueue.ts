import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { drive, report, settings } from './drive.ts'
import { payloadOf } from './payload.ts'

interface Settings {
  urls: string[]
  token: string
  operations: number
  concurrency: number
  warmUp: number
  payloadBytes: number
  /** Jobs of one call; 1 enqueues singly. */
  batch: number
}

const { urls, token, batch, payloadBytes, ...load } = settings<Settings>()
const transport = undiciTransport({ connections: load.concurrency })
const client = createClient({ coordinators: urls, token, transport, learn: false })
const payload = payloadOf(payloadBytes)
const jobs = Array.from({ length: batch }, () => ({ payload }))
const result = await drive(load, async () => {
  if (batch === 1) return void (await client.jobs.enqueue(payload))
  const results = await client.jobs.enqueueBatch(jobs)
  if (results.some(({ problem }) => problem)) throw new Error('an item of the batch was refused')
})
report(result)
await client.close()
