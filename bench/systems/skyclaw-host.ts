import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createClient } from '@skyclaw/client'
import { ServerProcess } from '../server-process.ts'
import { token } from './skyclaw.ts'

const entry = resolve(import.meta.dirname, '../../apps/host/dist/main.js')

/** Starts a host daemon that may run the given commands. Resolves when the coordinator at the first URL has it as one that is idle. */
export async function startHostDaemon(
  folder: string,
  name: string,
  urls: readonly string[],
  commands: readonly string[],
): Promise<ServerProcess> {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const daemon = new ServerProcess('host', process.execPath, [entry], {
    cwd: own,
    env: {
      NODE_ENV: 'production',
      SKYCLAW_TOKEN: token,
      SKYCLAW_COORDINATOR_URLS: urls.join(','),
      SKYCLAW_LEARN_COORDINATORS: '0',
      SKYCLAW_HOST_NAME: name,
      SKYCLAW_HOST_DIR: join(own, 'state'),
      SKYCLAW_ALLOWED_COMMANDS: commands.join(','),
      SKYCLAW_LOG_LEVEL: 'warn',
    },
  })
  try {
    await daemon.ready(async () => (await namesOfHosts(urls[0]!)).includes(name))
  } catch (error) {
    await daemon.stop()
    throw error
  }
  return daemon
}

/** The names of the hosts that a coordinator has heard of, up to 1,000. */
export async function namesOfHosts(url: string): Promise<string[]> {
  const client = createClient({ coordinators: [url], token, learn: false })
  try {
    const { hosts } = await client.hosts.list({ limit: 1_000 })
    return hosts.map(({ name }) => name)
  } finally {
    await client.close()
  }
}
