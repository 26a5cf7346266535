import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packAll } from '../../scripts/check/packed.ts'
import { runCommand } from '../../scripts/check/run-command.ts'
import { pnpm } from '../../scripts/pnpm.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'

const repository = resolve(import.meta.dirname, '../..')
const packages = ['cli', 'client', 'coordinator', 'host', 'protocol', 'store']
const token = 'a-token-for-the-packed-packages'

let scratch: string
let consumer: string

// Everything below sees only the tarballs, in a folder outside of the repository, and npm instead of pnpm.
beforeAll(() => {
  scratch = mkdtempSync(join(realpathSync(tmpdir()), 'skyclaw-packaging-'))
  consumer = join(scratch, 'consumer')
  mkdirSync(consumer)
  pnpm(repository, ['run', 'build'])
  const tarballs = packAll(repository, scratch)
  const { version } = readManifest(join(repository, 'node_modules/@types/node'))
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs, `@types/node@${String(version)}`],
    {
      cwd: consumer,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}, 240_000)

afterAll(() => rmSync(scratch, { recursive: true, force: true }), 60_000)

test('an installed package depends on published versions only, and brings what it names', () => {
  for (const name of packages) {
    const folder = join(consumer, 'node_modules/@skyclaw', name)
    const manifest = readManifest(folder)
    expect(JSON.stringify(manifest)).not.toMatch(/"(workspace|catalog):/)
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`@skyclaw/${name}`)
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toContain('MIT License')
  }
})

test('npx skyclaw --version prints the version of the package', async () => {
  const { version } = readManifest(join(repository, 'packages/cli'))
  expect((await skyclaw(['--version'])).trim()).toBe(version)
})

test('skyclaw up serves from the tarballs, runs a job, and ends on SIGTERM', { timeout: 60_000 }, async () => {
  const port = String(await freePort())
  const variables = { SKYCLAW_TOKEN: token, SKYCLAW_COORDINATOR_URL: `http://127.0.0.1:${port}` }
  // The program that npx starts, without npx: a signal must reach the daemon itself.
  const daemon = spawn(join(consumer, 'node_modules/.bin/skyclaw'), ['up', '--port', port], {
    cwd: consumer,
    env: { ...environment(), ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  daemon.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const ended = once(daemon, 'close')
  try {
    const isHealthy = async (): Promise<boolean> =>
      JSON.parse(await skyclaw(['health', '--json'], variables)).ok === true
    await until('the health of a daemon from the tarballs', isHealthy, { deadlineMs: 30_000, everyMs: 100 })
    const id = (await skyclaw(['enqueue-shell', 'echo', 'from', 'the', 'tarball'], variables)).trim()
    await skyclaw(['jobs', 'wait', id], variables)
    const { status, result } = JSON.parse(await skyclaw(['jobs', 'show', id, '--json'], variables)).job
    expect({ status, stdout: result?.stdout }).toEqual({ status: 'completed', stdout: 'from the tarball\n' })
    await skyclaw(['backup', 'all.backup'], variables)
    expect(await skyclaw(['restore', 'all.backup'], variables)).toContain('records read, 0 were news')
    expect(await skyclaw(['doctor'], variables)).toContain('All is well.')
  } catch (error) {
    throw new Error(`the daemon said:\n${said}`, { cause: error })
  } finally {
    daemon.kill('SIGTERM')
    await ended
  }
  expect({ exitCode: daemon.exitCode, signal: daemon.signalCode }).toEqual({ exitCode: 0, signal: null })
})

test(
  'a server of the user compiles against the installed packages and embeds a coordinator',
  { timeout: 60_000 },
  async () => {
    cpSync(join(repository, 'test/fixtures/consumer'), consumer, { recursive: true })
    execFileSync('npm', ['pkg', 'set', 'type=module'], { cwd: consumer, env: environment() })
    const output = runCommand(consumer, 'tsc', ['-p', '.', '--pretty', 'false'])
    expect(output.at(-1) ?? 'exit code 0').toMatch(/exit code [012]$/)
    // Declarations are checked too; what those of other projects get wrong is theirs.
    const foreign = /^node_modules\/(?!@skyclaw\/)/
    expect(output.filter((line) => line.includes(': error TS') && !foreign.test(line))).toEqual([])
    const { stdout } = await promisify(execFile)(process.execPath, ['embed.ts'], { cwd: consumer, env: environment() })
    expect(stdout).toBe('cancelled function\n')
  },
)

async function skyclaw(args: string[], variables: Record<string, string> = {}): Promise<string> {
  const options = { cwd: consumer, env: { ...environment(), ...variables }, timeout: 30_000 }
  return (await promisify(execFile)('npx', ['--no-install', 'skyclaw', ...args], options)).stdout
}

/**
 * What a user's shell has, with the repository's Node first: nothing of Skyclaw, of the test runner, or of the pnpm or npx that
 * started it (their `local_prefix` would make npm install into the repository).
 */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(SKYCLAW_|VITEST|NODE_OPTIONS$|npm_(?!config_)|npm_config_(local|global)_prefix$)/
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  return { ...Object.fromEntries(kept), PATH: path }
}

function readManifest(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
}
