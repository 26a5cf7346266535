import { Worker } from 'bullmq'
import { report, settings } from './drive.ts'

const { port, operations, concurrency } = settings() as { port: number; operations: number; concurrency: number }
let done = 0
const { promise, resolve } = Promise.withResolvers<void>()
const worker = new Worker('bench', async () => 0, {
  connection: { port, host: '127.0.0.1' },
  concurrency,
  autorun: false,
})
worker.on('completed', () => {
  done += 1
  if (done >= operations) resolve()
})
await worker.waitUntilReady()
const startedAt = performance.now()
void worker.run()
await promise
report({ operations, elapsedMs: performance.now() - startedAt, latencies: [] })
await worker.close()
