import path from 'node:path'
import type { Node } from 'yaml'
import { isBare } from '../find-command.ts'
import type { JobLimits } from '../launch.ts'
import type { ArgumentForm } from './argument-form.ts'
import type { EnvRule } from './env-rule.ts'
import { readEnv, readForms, readLimits, readRoots } from './read-parts.ts'
import { readPolicyText } from './read-text.ts'
import { type Entry, Reader } from './reader.ts'

/** What a command may use. */
export interface Bounds {
  /** Undefined: any variable that is not protected. */
  readonly env: EnvRule | undefined
  /** None: anywhere. */
  readonly roots: readonly string[]
  readonly limits: JobLimits
}

/** One entry of `commands`. */
export interface FileRule extends Bounds {
  readonly command: string
  readonly line: number
  /** Undefined: any arguments. */
  readonly forms: readonly ArgumentForm[] | undefined
}

export interface PolicyFile {
  readonly file: string
  readonly rules: readonly FileRule[]
  /** What stands at the top: it holds for every command, where its rule does not say otherwise. */
  readonly bounds: Bounds
}

const maxRules = 1_024
const boundKeys = ['env', 'roots', 'limits'] as const

/** Reads a policy file. Throws a `PolicyFileError` that says all that is wrong with it. */
export function readPolicyFile(file: string): PolicyFile {
  const reader = new Reader(file, readPolicyText(file))
  const top = reader.map(reader.root, 'the policy file', ['version', ...boundKeys, 'commands'])
  checkVersion(reader, top)
  const bounds = readBounds(reader, top ?? new Map(), { env: undefined, roots: [], limits: {} })
  const rules = readRules(reader, top?.get('commands'), bounds)
  checkReach(reader, rules)
  reader.end()
  return { file, rules: rules.map(({ rule }) => rule), bounds }
}

function checkVersion(reader: Reader, top: Map<string, Entry> | undefined): void {
  if (top === undefined) return
  const version = top.get('version')
  if (version === undefined) reader.wrong(reader.root, 'the policy file must say version: 1')
  else if (reader.text(version.value ?? version.key, 'version') !== '1')
    reader.wrong(version.value, 'version must be 1')
}

function readBounds(reader: Reader, entries: Map<string, Entry>, above: Bounds): Bounds {
  const [env, roots, limits] = boundKeys.map((key) => entries.get(key))
  return {
    env: env ? readEnv(reader, env) : above.env,
    roots: roots ? readRoots(reader, roots) : above.roots,
    limits: { ...above.limits, ...(limits && readLimits(reader, limits)) },
  }
}

interface ReadRule {
  readonly rule: FileRule
  readonly node: Node
}

function readRules(reader: Reader, commands: Entry | undefined, above: Bounds): ReadRule[] {
  if (commands === undefined) return []
  const items = reader.list(commands, 'commands', maxRules)
  if (items?.length === 0) reader.wrong(commands.key, 'commands must list at least one command, or be left out')
  return (items ?? []).flatMap((node) => {
    const entries = reader.map(node, 'an entry of commands', ['command', 'args', ...boundKeys])
    if (entries === undefined) return []
    const command = readCommand(reader, node, entries.get('command'))
    const args = entries.get('args')
    const forms = args && readForms(reader, args)
    const bounds = readBounds(reader, entries, above)
    return command === undefined ? [] : [{ node, rule: { command, line: reader.line(node), forms, ...bounds } }]
  })
}

function readCommand(reader: Reader, node: Node, entry: Entry | undefined): string | undefined {
  if (entry === undefined) return reader.wrong(node, 'an entry of commands must name its command')
  const command = reader.text(entry.value ?? entry.key, 'command')
  if (command === undefined) return undefined
  const trimmed = command.trim() === command
  if (trimmed && (isBare(command) || path.isAbsolute(command))) return command
  const shown = JSON.stringify(command)
  return reader.wrong(entry.value, `${shown} must be a bare name such as git or an absolute path such as /usr/bin/git`)
}

/** Rules of one command are tried in order: behind one that takes any arguments there is nothing left to try. */
function checkReach(reader: Reader, rules: readonly ReadRule[]): void {
  const ends = new Map<string, number>()
  for (const { rule, node } of rules) {
    const end = ends.get(rule.command)
    if (end !== undefined) {
      reader.wrong(node, `is never reached: line ${end} allows ${rule.command} with any arguments already`)
    } else if (rule.forms === undefined) {
      ends.set(rule.command, rule.line)
    }
  }
}
