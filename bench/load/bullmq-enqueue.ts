import { Queue } from 'bullmq'
import { drive, report, settings } from './drive.ts'
import { payloadOf } from './payload.ts'

const { port, batch, payloadBytes, ...load } = settings() as {
  port: number
  operations: number
  concurrency: number
  warmUp: number
  payloadBytes: number
  batch: number
}
const queue = new Queue('bench', { connection: { port, host: '127.0.0.1' } })
await queue.waitUntilReady()
const data = payloadOf(payloadBytes)
const jobs = Array.from({ length: batch }, () => ({ name: 'job', data }))
const result = await drive(load, async () => {
  await (batch === 1 ? queue.add('job', data) : queue.addBulk(jobs))
})
report(result)
await queue.close()
