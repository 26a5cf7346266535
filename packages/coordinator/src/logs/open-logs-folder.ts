import { type LogFolder, openLogFolder } from '@skyclaw/output-log'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface OpenedLogs {
  readonly folder: LogFolder
  /** To be called when the folder is closed. */
  readonly leave: () => Promise<void>
}

/** The folder of the logs beside the database. One in memory has a folder that goes when it does. */
export async function openLogsFolder(databasePath: string, maxStreamBytes: number): Promise<OpenedLogs> {
  if (databasePath !== ':memory:') {
    return { folder: await openLogFolder(`${databasePath}-logs`, { maxStreamBytes }), leave: async () => undefined }
  }
  const dir = await mkdtemp(join(tmpdir(), 'skyclaw-logs-'))
  const leave = () => rm(dir, { recursive: true, force: true })
  return { folder: await openLogFolder(dir, { maxStreamBytes }), leave }
}
