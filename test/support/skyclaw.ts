import { resolve } from 'node:path'
import { repository, type Spawned, spawnEntry, spawnProgram } from './spawn.ts'
import { tempFolder } from './temp-folder.ts'

const cli = 'packages/cli/src/main.ts'

export type Env = Readonly<Record<string, string>>

/** The command `skyclaw`, from its sources. */
export function skyclaw(words: readonly string[], cwd: string, env: Env = {}, stdin?: string): Spawned {
  return spawnEntry({ entry: cli, args: words, cwd, env, ...(stdin !== undefined && { stdin }) })
}

/** The same as a line for a shell, with `skyclaw` as the function's name. */
export function shellLine(line: string, cwd: string, env: Env = {}): Spawned {
  const definition = `skyclaw() { "${process.execPath}" --conditions=@skyclaw/source "${resolve(repository, cli)}" "$@"; }`
  return spawnProgram({ program: 'bash', args: ['-c', `${definition}; ${line}`], cwd, env })
}

export interface Up extends Spawned {
  readonly folder: string
  readonly url: string
  readonly token: string
  /** What clients need to reach it. */
  readonly env: Env
}

/** `skyclaw up` on a free port, ready to take jobs. */
export async function startUp(words: readonly string[] = []): Promise<Up> {
  const folder = tempFolder()
  const running = skyclaw(['up', '--port', '0', ...words], folder)
  const [, token = '', url = ''] = await running.said(/SKYCLAW_TOKEN=(\S+) SKYCLAW_COORDINATOR_URL=(\S+)/)
  return { ...running, folder, url, token, env: { SKYCLAW_TOKEN: token, SKYCLAW_COORDINATOR_URL: url } }
}
