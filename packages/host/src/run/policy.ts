import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../errors.ts'
import { isProtected } from './environment.ts'
import type { Permit, Refusal } from './permit.ts'

/** The file a command stands for, or why it does not run, with the exit code a shell would give. */
export type Resolution = { file: string } | { exitCode: 126 | 127; reason: string }

/**
 * What this host runs. A bare name of the allowlist stands for the file that was found on the host's own PATH at start,
 * and matches only a command given as that bare name; an absolute path matches only itself. So neither a job's PATH nor
 * a file called `bash` in another folder ever decides what runs.
 */
export interface CommandPolicy {
  /** Whether any command is allowed at all. */
  allowsShell: boolean
  /** Allowed names that were not found at start. */
  missing: string[]
  resolve(command: string): Resolution
  /** The OpenClaw command, which `openclaw-run` may use without it being listed. Looked for each time: it may be installed or upgraded later. */
  readonly openclaw: Resolution
}

export interface PolicyOptions {
  allowedCommands: readonly string[]
  openclawCommand: string
  /** The host's PATH. */
  path: string | undefined
}

/** Finds the allowed commands. Throws a `HostError` for an entry that could never match. */
export function createPolicy(options: PolicyOptions): CommandPolicy {
  const allowed = new Map<string, string | undefined>()
  for (const entry of options.allowedCommands.map((command) => command.trim()).filter((command) => command !== '')) {
    if (isBare(entry)) allowed.set(entry, findOnPath(entry, options.path))
    else if (path.isAbsolute(entry)) allowed.set(entry, entry)
    else {
      const detail = `${JSON.stringify(entry)} must be a bare name such as bash or an absolute path such as /usr/bin/bash`
      throw new HostError('invalid_option', `allowedCommands (SKYCLAW_ALLOWED_COMMANDS): ${detail}`)
    }
  }
  return {
    allowsShell: allowed.size > 0,
    missing: [...allowed].filter(([, file]) => file === undefined).map(([name]) => name),
    resolve: (command) => resolve(allowed, command),
    get openclaw() {
      return resolveOpenclaw(options)
    },
  }
}

function resolve(allowed: ReadonlyMap<string, string | undefined>, command: string): Resolution {
  const shown = JSON.stringify(command.slice(0, 200))
  if (!allowed.has(command)) {
    return {
      exitCode: 126,
      reason: `the command ${shown} is not allowed on this host: SKYCLAW_ALLOWED_COMMANDS does not list it`,
    }
  }
  const file = allowed.get(command)
  if (file === undefined)
    return {
      exitCode: 127,
      reason: `the command ${shown} is allowed on this host, but was not found on its PATH at start`,
    }
  return { file }
}

function resolveOpenclaw({ openclawCommand, path: searched }: PolicyOptions): Resolution {
  const command = openclawCommand.trim()
  const found = isBare(command) ? findOnPath(command, searched) : path.resolve(command)
  if (command !== '' && found !== undefined && isExecutable(found)) return { file: found }
  return {
    exitCode: 127,
    reason: `the OpenClaw command ${JSON.stringify(command)} (SKYCLAW_OPENCLAW_COMMAND) was not found on this host`,
  }
}

function isBare(command: string): boolean {
  return !command.includes('/') && !command.includes('\\') && command !== '.' && command !== '..'
}

/** Relative folders on the PATH are passed by: what they hold depends on where the host was started. */
function findOnPath(name: string, searched = ''): string | undefined {
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : ['']
  for (const folder of searched.split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue
    const file = suffixes.map((suffix) => path.join(folder, name + suffix)).find(isExecutable)
    if (file !== undefined) return file
  }
  return undefined
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** A permit for a file that was found, by its path. */
export function permitOf(resolution: Resolution): Permit | Refusal {
  if ('reason' in resolution) return resolution
  const { file } = resolution
  return {
    rule: 'SKYCLAW_ALLOWED_COMMANDS',
    open: async () => ({ path: file, exec: file, close() {} }),
    roots: [],
    limits: {},
    allowsEnv: (name) => !isProtected(name),
  }
}
