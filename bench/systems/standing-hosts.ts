import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '../server-process.ts'
import { namesOfHosts } from './skyclaw-host.ts'

export interface StandingHosts {
  readonly urls: readonly string[]
  readonly token: string
  readonly hosts: number
  /** Jobs that each of them takes at once. */
  readonly claimMax: number
  /** Jobs that they complete together before it is measured. */
  readonly warmUp: number
}

const program = join(import.meta.dirname, '../load/standing-hosts.ts')

/** Starts hosts, all in one process, that stand until they are stopped. Resolves when the coordinator knows them all. */
export async function startStandingHosts(folder: string, settings: StandingHosts): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true })
  const hosts = new ServerProcess('hosts', process.execPath, [program, JSON.stringify(settings)], { cwd: folder })
  try {
    await hosts.ready(() => areStanding(settings))
  } catch (error) {
    await hosts.stop()
    throw error
  }
  return hosts
}

export async function areStanding({ urls, hosts }: Pick<StandingHosts, 'urls' | 'hosts'>): Promise<boolean> {
  const names = await namesOfHosts(urls[0]!)
  return names.filter((name) => /^host-\d+$/.test(name)).length >= hosts
}
