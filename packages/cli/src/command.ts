import { createClient, type SkyclawClient } from '@skyclaw/client'
import { type ArgsDef, type CommandDef, defineCommand as defineCittyCommand } from 'citty'
import { type Flags, helpFlag, settingFlags } from './arguments/flag.ts'
import type { Scanned } from './arguments/scan.ts'
import { Values } from './arguments/values.ts'
import { toClientOptions } from './environment.ts'
import { sayWhenSlow } from './follow/say-when-slow.ts'
import type { Io } from './io.ts'
import { createStyle, type Style } from './render/style.ts'
import { type Settings, withFlags } from './settings/settings.ts'
import { type VariableKey, variables } from './settings/variables.ts'

/** What a command gets. */
export interface Context {
  readonly io: Io
  readonly values: Values
  readonly positionals: readonly string[]
  readonly wrapped: readonly string[]
  /** The environment with the flags laid over it. */
  readonly settings: Settings
  /** For standard output. */
  readonly style: Style
  /** Connects when first called; closed after the command. */
  readonly client: () => SkyclawClient
  /** A client of one coordinator alone, closed after the command. */
  readonly clientOf: (url: string) => SkyclawClient
}

interface Definition {
  /** As typed after `skyclaw`. */
  readonly name: string
  readonly summary: string
  readonly flags: Flags
  /** Settings that the command uses, each a flag as well. */
  readonly settings?: readonly VariableKey[]
  /** Names and descriptions of the words it needs. */
  readonly positionals?: Readonly<Record<string, string>>
  /** What the first of these words can be. */
  readonly choices?: readonly string[]
  /** Whether a command line of another program follows the flags. */
  readonly wraps?: boolean
  readonly examples: readonly string[]
  /** Whether it takes long by its nature, so that time alone does not mean that nobody answers. */
  readonly follows?: true
  /** The exit code of skyclaw's own failures; 1 unless the codes of a job are passed on. */
  readonly failureCode?: number
  readonly run: (context: Context) => Promise<number>
}

/** A citty command and what citty has no place for. */
export interface Command extends CommandDef {
  readonly definition: Definition & { readonly flags: Flags; readonly wraps: boolean }
}

/** A citty command that only leads to others. */
export interface Group extends CommandDef {
  readonly commands: Readonly<Record<string, Command | Group>>
  readonly examples: readonly string[]
}

/** The result of `run`, which citty passes on, is the exit code. */
export function defineCommand(definition: Definition): Command {
  const own = definition.flags
  // A command may say what a setting means to it.
  const flags: Flags = { ...own, ...settingFlags(definition.settings ?? []), ...own, ...helpFlag }
  const args: ArgsDef = {}
  for (const [name, description] of Object.entries(definition.positionals ?? {})) {
    args[name] = { type: 'positional', description, required: !name.endsWith('...') }
  }
  for (const [name, { type, description, alias, valueHint }] of Object.entries(flags)) {
    args[name] = { type, description, ...(alias && { alias }), ...(valueHint && { valueHint }) }
  }
  const citty = defineCittyCommand({
    meta: { name: definition.name, description: definition.summary },
    args,
    run: ({ data }) => definition.run(data as Context),
  })
  return { ...citty, definition: { ...definition, flags, wraps: definition.wraps ?? false } }
}

export function defineGroup(
  name: string,
  summary: string,
  commands: Group['commands'],
  examples: readonly string[] = [],
): Group {
  return { meta: { name, description: summary }, subCommands: commands, commands, examples }
}

/** Puts together what a command gets; `close` ends its connections. */
export function createContext(
  io: Io,
  env: Settings,
  { definition }: Command,
  scanned: Scanned,
): Context & { close(): Promise<void> } {
  const values = new Values(scanned)
  const keys = (definition.settings ?? []).filter((key) => values.has(variables[key].flag))
  const settings = withFlags(env, Object.fromEntries(keys.map((key) => [key, values.strings(variables[key].flag)])))
  const clients: SkyclawClient[] = []
  let client: SkyclawClient | undefined
  let endSaying: (() => void) | undefined
  const connect = (urls?: string[]): SkyclawClient => {
    const options = toClientOptions(settings)
    if (!definition.follows) endSaying ??= sayWhenSlow(io, options)
    // Whoever names a coordinator means that one.
    const connected = createClient({ ...options, ...(urls && { coordinators: urls, learn: false }) })
    clients.push(connected)
    return connected
  }
  return {
    io,
    values,
    positionals: scanned.positionals,
    wrapped: scanned.wrapped,
    settings,
    style: createStyle(io.stdout.isTTY === true && !settings.plain, io.stdout.isTTY ? io.stdout.columns : undefined),
    client: () => (client ??= connect()),
    clientOf: (url) => connect([url]),
    close: async () => {
      endSaying?.()
      await Promise.all(clients.map((one) => one.close()))
    },
  }
}
