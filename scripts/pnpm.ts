import { execFileSync } from 'node:child_process'

/** The pnpm that the README names. */
const version = '12.21.0'

/** Runs pnpm, the one that runs this script where there is one, and returns what it printed. Throws when it fails. */
export function pnpm(cwd: string, args: string[]): string {
  const running = process.env['npm_execpath']
  const [command, before] = running?.includes('pnpm') ? [running, []] : ['npx', ['-y', `pnpm@${version}`]]
  return execFileSync(command, [...before, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  })
}
