import { createConnection } from 'node:net'
import { freePort, ServerProcess, versionOf } from '../server-process.ts'

export interface Redis {
  readonly port: number
  readonly processes: readonly ServerProcess[]
  readonly stop: () => Promise<void>
}

/** What BullMQ's guide to production asks for (append-only file, no eviction), with Redis's safest way of writing that file. */
const durable = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction', save: '' }

export const redisSettings = Object.entries(durable)
  .map(([name, value]) => `${name} ${value === '' ? '""' : value}`)
  .join(', ')

export const redisDurability = 'an fsync of the append-only file before each answer, shared by what waits'

export async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', dir: folder, ...durable }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = new ServerProcess('redis', 'redis-server', args, { cwd: folder })
  const stop = () => server.stop()
  try {
    await server.ready(() => answersPing(port))
  } catch (error) {
    await stop()
    throw error
  }
  return { port, processes: [server], stop }
}

export async function redisMissing(): Promise<string | undefined> {
  return (await versionOf('redis-server', '--version')) === undefined
    ? 'redis-server is not installed (Debian: apt-get install redis-server)'
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
