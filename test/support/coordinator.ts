import { join } from 'node:path'
import { Http } from './http.ts'
import { type Spawned, spawnEntry } from './spawn.ts'
import { atEnd } from './undo.ts'

export interface CoordinatorSettings {
  /** Folder of its database. */
  readonly folder: string
  /** Default: a free one. */
  readonly port?: number
  readonly leaseMs?: number
  /** Default: `coordinatorEntry`. */
  readonly entry?: string
  /** More `SKYCLAW_*` variables. */
  readonly env?: Readonly<Record<string, string>>
  /** The caller ends it, maybe after the test that started it. */
  readonly lasting?: boolean
}

export interface CoordinatorProcess extends Spawned {
  readonly url: string
  readonly http: Http
}

export const coordinatorEntry = 'apps/coordinator/src/main.ts'

/** Starts a coordinator without waiting for it. */
export function spawnCoordinator({
  folder,
  port = 0,
  leaseMs,
  entry = coordinatorEntry,
  env,
  lasting = false,
}: CoordinatorSettings): Spawned {
  return spawnEntry({
    entry,
    cwd: folder,
    lasting,
    env: {
      SKYCLAW_DB_PATH: databaseOf(folder),
      SKYCLAW_COORDINATOR_PORT: String(port),
      ...(leaseMs !== undefined && { SKYCLAW_LEASE_MS: String(leaseMs) }),
      ...env,
    },
  })
}

export const databaseOf = (folder: string): string => join(folder, 'coordinator.db')

/** Resolves with the URL under which a starting coordinator serves, once it does; rejects with its log when it ends instead. */
export async function serving(coordinator: Spawned): Promise<string> {
  const [, url = ''] = await coordinator.said(/"url":"([^"]+)".*"coordinator serves"/)
  return url
}

/** Starts a coordinator and waits until it serves. */
export async function startCoordinator(settings: CoordinatorSettings): Promise<CoordinatorProcess> {
  const coordinator = spawnCoordinator(settings)
  const url = await serving(coordinator)
  const http = new Http(url, { token: settings.env?.['SKYCLAW_TOKEN'] })
  atEnd(() => http.close())
  return { ...coordinator, url, http }
}
