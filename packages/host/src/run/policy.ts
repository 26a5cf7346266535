import path from 'node:path'
import { HostError } from '../errors.ts'
import { isProtected } from './environment.ts'
import { type PinnedExecutable, pinExecutable } from './executable.ts'
import { findOnPath, isBare } from './find-command.ts'
import type { Permit, Refusal } from './permit.ts'
import { Matcher, TooSlow } from './policy-file/argument-form.ts'
import { type Bounds, type FileRule, type PolicyFile, readPolicyFile } from './policy-file/policy-file.ts'

/** What a job wants to run. */
export interface WantedCommand {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * What this host runs. A bare name of the allowlist or of the policy file stands for the file that was found on the host's
 * own PATH at start, and matches only a command given as that bare name; an absolute path matches only itself. Names are
 * compared code by code. So neither a job's PATH nor a file called `bash` in another folder ever decides what runs.
 *
 * Of a command that the policy file names, the rules of the file alone decide, the first that fits; the allowlist allows any
 * arguments.
 */
export interface CommandPolicy {
  /** Whether any command is allowed at all. */
  readonly allowsShell: boolean
  /** Allowed commands that were not found at start, or cannot be executed. */
  readonly missing: readonly string[]
  /** The policy file, as it was read. */
  readonly file: PolicyFile | undefined
  /** Whether a shell job may run this. */
  decide(wanted: WantedCommand): Permit | Refusal
  /** The OpenClaw command, which `openclaw-run` may use without it being listed. Looked for each time: it may be installed or upgraded later. */
  readonly openclaw: Permit | Refusal
  /** The file that a command of the allowlist or of the policy file stands for. */
  fileOf(command: string): string | undefined
}

export interface PolicyOptions {
  readonly allowedCommands: readonly string[]
  readonly openclawCommand: string
  readonly policyFile?: string | undefined
  /** The host's PATH. */
  readonly path: string | undefined
  /** Commands are looked up in the image of a sandbox, by the name they are given: nothing of this machine is pinned. */
  readonly inImage?: boolean
}

const allowlist = 'SKYCLAW_ALLOWED_COMMANDS'

/** Finds the allowed commands. Throws a `HostError` for an entry that could never match, and for a policy file that is wrong. */
export function createPolicy(options: PolicyOptions): CommandPolicy {
  const file = options.policyFile === undefined ? undefined : readPolicyFile(path.resolve(options.policyFile))
  const allowed = new Set(readAllowlist(options.allowedCommands))
  const rules = Map.groupBy(file?.rules ?? [], ({ command }) => command)
  const commands = [...new Set([...allowed, ...rules.keys()])]
  const found = new Map(commands.map((command) => [command, find(command, options)] as const))
  const bounds = file?.bounds ?? { env: undefined, roots: [], limits: {} }
  return {
    allowsShell: commands.length > 0,
    missing: [...found].filter(([, executable]) => 'reason' in executable).map(([command]) => command),
    file,
    get openclaw() {
      return permit(findOpenclaw(options), 'SKYCLAW_OPENCLAW_COMMAND', bounds)
    },
    fileOf: (command) => pathOf(found.get(command)),
    decide({ command, args }) {
      const executable = found.get(command)
      if (executable === undefined) return notListed(command, file)
      const ofFile = rules.get(command)
      if (file !== undefined && ofFile !== undefined) return decideByFile(file, ofFile, executable, { command, args })
      // The same file by its other name must not be a way around its rules.
      const other = [...rules.keys()].find((name) => samePlace(found.get(name), executable))
      if (other === undefined) return permit(executable, allowlist, bounds)
      const shown = `${JSON.stringify(command)} is the same file as ${JSON.stringify(other)}`
      return refuse(`the command ${shown}, for which the rules of ${file?.file} hold: jobs must name it so`)
    },
  }
}

function readAllowlist(entries: readonly string[]): string[] {
  const commands = entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
  for (const command of commands) {
    if (isBare(command) || path.isAbsolute(command)) continue
    const detail = `${JSON.stringify(command)} must be a bare name such as bash or an absolute path such as /usr/bin/bash`
    throw new HostError('invalid_option', `allowedCommands (${allowlist}): ${detail}`)
  }
  return commands
}

function decideByFile(
  { file }: PolicyFile,
  rules: readonly FileRule[],
  executable: PinnedExecutable | Refusal,
  { command, args }: WantedCommand,
): Permit | Refusal {
  const matcher = new Matcher()
  const shown = JSON.stringify(command)
  try {
    const rule = rules.find(({ forms }) => forms === undefined || forms.some((form) => matcher.matches(form, args)))
    if (rule !== undefined) return permit(executable, `${file}:${rule.line}`, rule)
  } catch (error) {
    if (!(error instanceof TooSlow)) throw error
    return refuse(`the patterns of ${file} for ${shown} took too long for the arguments of this job`)
  }
  const lines = rules.map(({ line }) => line).join(', ')
  const where = rules.length === 1 ? `the rule in line ${lines}` : `the rules in lines ${lines}`
  return refuse(
    `the command ${shown} is not allowed with these arguments on this host: ${where} of ${file} ${rules.length === 1 ? 'takes' : 'take'} others`,
  )
}

function permit(
  executable: PinnedExecutable | Refusal,
  rule: string,
  { env, roots, limits }: Bounds,
): Permit | Refusal {
  if ('reason' in executable) return executable
  const allowsEnv = env === undefined ? (name: string) => !isProtected(name) : (name: string) => env.allows(name)
  return { rule, open: () => executable.open(), roots, limits, allowsEnv }
}

function find(command: string, { path: searched, inImage }: PolicyOptions): PinnedExecutable | Refusal {
  if (inImage === true) return unpinned(command)
  const bare = isBare(command)
  const file = bare ? findOnPath(command, searched) : command
  const pinned = file === undefined ? undefined : pinExecutable(file)
  if (pinned !== undefined && !('reason' in pinned)) return pinned
  const shown = JSON.stringify(command)
  if (pinned?.exitCode === 126) return refuse(`the command ${shown} is allowed on this host, but ${pinned.reason}`)
  const where = bare ? 'was not found on its PATH' : 'was not there'
  return { exitCode: 127, reason: `the command ${shown} is allowed on this host, but ${where} at start` }
}

/** What is executed by name, wherever that leads to. */
function unpinned(command: string): PinnedExecutable {
  return { path: command, place: command, open: async () => ({ path: command, exec: command, close() {} }) }
}

function findOpenclaw({ openclawCommand, path: searched, inImage }: PolicyOptions): PinnedExecutable | Refusal {
  const command = openclawCommand.trim()
  if (inImage === true && command !== '') return unpinned(command)
  const file = isBare(command) ? findOnPath(command, searched) : command === '' ? undefined : path.resolve(command)
  const pinned = file === undefined ? undefined : pinExecutable(file)
  if (pinned !== undefined && !('reason' in pinned)) return pinned
  const what = pinned?.exitCode === 126 ? `cannot be run: ${pinned.reason}` : 'was not found on this host'
  return {
    exitCode: 127,
    reason: `the OpenClaw command ${JSON.stringify(command)} (SKYCLAW_OPENCLAW_COMMAND) ${what}`,
  }
}

function notListed(command: string, file: PolicyFile | undefined): Refusal {
  const shown = JSON.stringify(command.slice(0, 200))
  const lists = file === undefined ? `${allowlist} does not list it` : `neither ${allowlist} nor ${file.file} lists it`
  return refuse(`the command ${shown} is not allowed on this host: ${lists}`)
}

function refuse(reason: string): Refusal {
  return { exitCode: 126, reason }
}

function pathOf(executable: PinnedExecutable | Refusal | undefined): string | undefined {
  return executable === undefined || 'reason' in executable ? undefined : executable.path
}

function samePlace(one: PinnedExecutable | Refusal | undefined, other: PinnedExecutable | Refusal): boolean {
  return one !== undefined && !('reason' in one) && !('reason' in other) && one.place === other.place
}
