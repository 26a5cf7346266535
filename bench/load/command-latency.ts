/** Jobs that print when they run, one at a time, for a host daemon that is idle: how long it takes from the call to the running command. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { report, settings } from './drive.ts'

const { url, token, operations, warmUp } = settings() as {
  url: string
  token: string
  operations: number
  warmUp: number
}
/** By then the daemon has delivered its result and waits again. */
const quietMs = 50
const client = createClient({ coordinators: [url], token, transport: undiciTransport(), learn: false })
const latencies: number[] = []
const startedAt = performance.now()
for (let done = 0; done < warmUp + operations; done += 1) {
  await sleep(quietMs)
  const enqueuedAt = performance.timeOrigin + performance.now()
  const { id } = await client.jobs.enqueue({ kind: 'shell', command: 'date', args: ['+%s%N'] })
  const { result, status } = await client.jobs.wait(id)
  if (status !== 'completed') throw new Error(`the command ended as ${status}`)
  const ranAt = Number(result?.stdout) / 1_000_000
  if (done >= warmUp) latencies.push(ranAt - enqueuedAt)
}
report({ operations, elapsedMs: performance.now() - startedAt, latencies })
await client.close()
