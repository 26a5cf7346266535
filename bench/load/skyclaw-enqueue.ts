import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { drive, report, settings } from './drive.ts'
import { payloadOf } from './payload.ts'
import { requirementOf } from './requirements.ts'

interface Settings {
  urls: string[]
  token: string
  operations: number
  concurrency: number
  warmUp: number
  payloadBytes: number
  /** Jobs of one call; 1 enqueues singly. */
  batch: number
  /** How many different things the jobs ask of a host; 1, that they ask for nothing, unless given. */
  requirementKeys?: number
}

const { urls, token, batch, payloadBytes, requirementKeys = 1, ...load } = settings() as Settings
const transport = undiciTransport({ connections: load.concurrency })
const client = createClient({ coordinators: urls, token, transport, learn: false })
const payload = payloadOf(payloadBytes)
const settingsOf = (job: number) => {
  const requires = requirementOf(job, requirementKeys)
  return requires && { requires }
}
const enqueueOne = async (index: number) => void (await client.jobs.enqueue(payload, settingsOf(index)))
const jobs = Array.from({ length: batch }, (_, item) => ({ payload, ...settingsOf(item) }))
const enqueueMany = async () => {
  const results = await client.jobs.enqueueBatch(jobs)
  if (results.some(({ problem }) => problem)) throw new Error('an item of the batch was refused')
}
const result = await drive(load, batch === 1 ? enqueueOne : enqueueMany)
report(result)
await client.close()
