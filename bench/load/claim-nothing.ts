/** A host that can run nothing of what is queued asks for jobs again and again. */
import { createClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { drive, report, settings } from './drive.ts'

const { url, token, ...load } = settings() as {
  url: string
  token: string
  operations: number
  concurrency: number
  warmUp: number
}
const client = createClient({ coordinators: [url], token, transport: undiciTransport(), learn: false })
const { host } = await client.call('registerHost', { body: { name: 'bench', capabilities: ['something-else'] } })
const result = await drive(load, async () => {
  const { job } = await client.call('claimJobs', { params: { id: host.id }, body: { waitMs: 0 } })
  if (job) throw new Error('the host got a job that it cannot run')
})
report(result)
await client.close()
