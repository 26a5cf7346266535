import { join } from 'node:path'
import { type Spawned, spawnEntry } from './spawn.ts'

export const hostEntry = 'apps/host/src/main.ts'

export interface HostSettings {
  /** Folder of its identity and spool, and its working directory. */
  readonly folder: string
  readonly coordinatorUrl: string
  readonly name: string
  readonly allowedCommands?: readonly string[]
  readonly maxParallel?: number
  readonly heartbeatMs?: number
  /** Default: the host's sources. */
  readonly entry?: string
  /** More `SKYCLAW_*` variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a host and waits until a coordinator has registered it. */
export async function startHost(settings: HostSettings): Promise<Spawned & { readonly id: string }> {
  const {
    folder,
    coordinatorUrl,
    name,
    allowedCommands = [],
    maxParallel = 1,
    heartbeatMs,
    env,
    entry = hostEntry,
  } = settings
  const host = spawnEntry({
    entry,
    cwd: folder,
    env: {
      SKYCLAW_COORDINATOR_URL: coordinatorUrl,
      SKYCLAW_HOST_NAME: name,
      SKYCLAW_HOST_DIR: join(folder, name),
      SKYCLAW_ALLOWED_COMMANDS: allowedCommands.join(','),
      SKYCLAW_MAX_PARALLEL: String(maxParallel),
      ...(heartbeatMs !== undefined && { SKYCLAW_HEARTBEAT_MS: String(heartbeatMs) }),
      ...env,
    },
  })
  const [, id = ''] = await host.said(/"hostId":"([^"]+)".*"registered"/)
  return { ...host, id }
}
