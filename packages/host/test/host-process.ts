import { pino } from 'pino'
import { startHost } from '../src/index.ts'

// A host in a process of its own, for tests that kill it. Its options come as JSON; SIGTERM drains it.
const host = await startHost({ ...JSON.parse(process.argv[2] ?? '{}'), logger: pino() })
process.on('SIGTERM', () => void host.drain())
process.stdout.write(`started ${host.id}\n`)
await host.closed
process.removeAllListeners('SIGTERM')
