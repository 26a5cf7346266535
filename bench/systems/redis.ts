import { createConnection } from 'node:net'
import { freePort, ServerProcess, versionOf } from '../server-process.ts'

export interface Redis {
  readonly port: number
  readonly process: ServerProcess
  stop(): Promise<void>
}

/** As BullMQ's documentation says for production: append-only file, no eviction; `always` has an fsync before each answer. */
export async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = new ServerProcess('redis', 'redis-server', args, { cwd: folder, env: process.env })
  await server.ready(() => answersPing(port))
  return { port, process: server, stop: () => server.stop() }
}

export const redisDurability = 'appendonly yes, appendfsync always'

export async function redisMissing(): Promise<string | undefined> {
  return (await versionOf('redis-server', '--version')) === undefined
    ? 'redis-server is not installed (Debian: redis-server)'
    : undefined
}

async function answersPing(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  try {
    return await new Promise<boolean>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('data', (chunk) => resolve(chunk.toString().startsWith('+PONG')))
      socket.write('PING\r\n')
    })
  } finally {
    socket.destroy()
  }
}
