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

const { urls, token, batch, payloadBytes, ...load } = settings() as Settings
const transport = undiciTransport({ connections: load.concurrency })
const client = createClient({ coordinators: urls, token, transport, learn: false })
const payload = payloadOf(payloadBytes)
const jobs = Array.from({ length: batch }, () => ({ payload }))
const enqueueOne = async () => void (await client.jobs.enqueue(payload))
const enqueueMany = async () => {
  const results = await client.jobs.enqueueBatch(jobs)
  if (results.some(({ problem }) => problem)) throw new Error('an item of the batch was refused')
}
const result = await drive(load, batch === 1 ? enqueueOne : enqueueMany)
report(result)
await client.close()
