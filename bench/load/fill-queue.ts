/** Makes a database with many queued jobs: a coordinator in this process, the code that answers requests, without the requests. */
import { startCoordinator } from '../../packages/coordinator/src/server.ts'
import { settings } from './drive.ts'
import { payloadOf } from './payload.ts'
import { requirementOf } from './requirements.ts'

const { dbPath, jobs, requirementKeys, payloadBytes } = settings() as {
  dbPath: string
  jobs: number
  requirementKeys: number
  payloadBytes: number
}
const jobsOfBatch = 1_000
const coordinator = await startCoordinator({ dbPath, host: '127.0.0.1', port: 0, nodeId: 'node-0' })
const payload = payloadOf(payloadBytes)
for (let made = 0; made < jobs; made += jobsOfBatch) {
  const items = Array.from({ length: Math.min(jobsOfBatch, jobs - made) }, (_, index) => {
    const requiredCapabilities = requirementOf(made + index, requirementKeys)
    return {
      payload,
      ...(requiredCapabilities && { requirement: { requiredCapabilities: [...requiredCapabilities] } }),
    }
  })
  const results = await coordinator.app.skyclaw.jobs.enqueueBatch(items)
  if (results.some(({ problem }) => problem)) throw new Error('a job was refused')
}
await coordinator.close()
process.stdout.write('{}')
