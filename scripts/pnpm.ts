import { spawnSync } from 'node:child_process'

/** The pnpm that the README names. */
const version = '12.21.0'

/** Runs pnpm, the one that runs this script where there is one. Throws with its whole output when it fails. */
export function pnpm(cwd: string, args: string[]): void {
  const running = process.env['npm_execpath']
  const [command, before] = running?.includes('pnpm') ? [running, []] : ['npx', ['-y', `pnpm@${version}`]]
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (status !== 0) throw new Error(`pnpm ${args.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
}
