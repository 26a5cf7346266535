import { Worker } from 'bullmq'
import { report, settings } from './drive.ts'

const { port, operations, warmUp, concurrency } = settings() as {
  port: number
  operations: number
  warmUp: number
  concurrency: number
}
let done = 0
let startedAt = performance.now()
const { promise, resolve } = Promise.withResolvers<void>()
const worker = new Worker('bench', async () => 0, {
  connection: { port, host: '127.0.0.1' },
  concurrency,
  autorun: false,
})
worker.on('completed', () => {
  done += 1
  if (done === warmUp) startedAt = performance.now()
  if (done === warmUp + operations) resolve()
})
await worker.waitUntilReady()
void worker.run()
await promise
report({ operations, elapsedMs: performance.now() - startedAt, latencies: [] })
await worker.close()
