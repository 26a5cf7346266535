import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** The OpenClaw that the tests run. */
export const openclawVersion = '2026.9.6'

const repository = path.resolve(import.meta.dirname, '../..')
const folder = path.join(repository, 'node_modules/.cache', `openclaw-${openclawVersion}`)

export const openclawCommand = path.join(folder, 'node_modules/.bin/openclaw')

const installMs = 240_000

/** Installs it from the registry into a folder that stays, unless it is there. Rejects with a sentence when it cannot be had. */
export async function setup(): Promise<void> {
  if (await isInstalled(folder)) return
  const startedAt = performance.now()
  // Only a folder in which the installation came to its end gets the name.
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await writeFile(path.join(unfinished, 'package.json'), '{"private":true}\n')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  const words = ['install', ...flags, ...patience, '--fetch-timeout=60000', `openclaw@${openclawVersion}`]
  try {
    await promisify(execFile)('npm', words, { cwd: unfinished, timeout: installMs, killSignal: 'SIGKILL' })
  } catch (error) {
    const { stderr = '', killed, message } = error as Error & { stderr?: string; killed?: boolean }
    const said = stderr.split('\n').slice(0, 8).join('\n').trim()
    const told = killed === true ? `npm did not end within ${installMs} ms` : said || message
    // The cause would be the same text once more, and all of npm's words.
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`OpenClaw ${openclawVersion} could not be installed from the registry: ${told}`)
  }
  if (!(await isInstalled(unfinished))) throw new Error(`npm did not install OpenClaw ${openclawVersion}`)
  await rm(folder, { recursive: true, force: true })
  await rename(unfinished, folder)
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  process.stdout.write(`OpenClaw ${openclawVersion} installed in ${seconds} s\n`)
}

async function isInstalled(where: string): Promise<boolean> {
  const manifest = await readFile(path.join(where, 'node_modules/openclaw/package.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(manifest) as { version?: string }).version === openclawVersion
}
