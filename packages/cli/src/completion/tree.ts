import type { Command, Group } from '../command.ts'

/** What completion knows of a command, or of a group of them. */
export interface Place {
  /** The words that lead there, with a space between: `jobs logs`; empty for the program itself. */
  readonly path: string
  /** The words that may follow. */
  readonly words: readonly Word[]
  readonly flags: readonly KnownFlag[]
  /** Whether a command line of another program follows the flags. */
  readonly wraps: boolean
}

interface Word {
  readonly name: string
  readonly summary: string
}

interface KnownFlag {
  readonly name: string
  readonly alias: string | undefined
  readonly summary: string
  readonly takesValue: boolean
}

const groupFlags: readonly KnownFlag[] = [{ name: 'help', alias: 'h', summary: 'Show this help', takesValue: false }]
const versionFlag: KnownFlag = { name: 'version', alias: 'v', summary: 'Show the version', takesValue: false }

/** All commands below a group, itself included. */
export function places(group: Group, path: readonly string[] = []): Place[] {
  const entries = Object.entries(group.commands)
  const words = entries.map(([name, found]) => ({ name, summary: summaryOf(found) }))
  const flags = path.length === 0 ? [...groupFlags, versionFlag] : groupFlags
  const below = entries.flatMap(([name, found]) => {
    const inner = [...path, name]
    return 'commands' in found ? places(found, inner) : [placeOf(found, inner)]
  })
  return [{ path: path.join(' '), words, flags, wraps: false }, ...below]
}

function placeOf({ definition }: Command, path: readonly string[]): Place {
  const flags = Object.entries(definition.flags).map(([name, { alias, description, type }]) => ({
    name,
    alias,
    summary: description,
    takesValue: type === 'string',
  }))
  const words = (definition.choices ?? []).map((name) => ({ name, summary: '' }))
  return { path: path.join(' '), words, flags, wraps: definition.wraps }
}

function summaryOf({ meta }: Command | Group): string {
  return (meta as { description?: string } | undefined)?.description ?? ''
}

/** How the flags are typed. */
export function spellings(flags: readonly KnownFlag[]): string[] {
  return flags.flatMap(({ name, alias }) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])])
}

/** Those that a value follows. */
export function valued({ flags }: Place): string[] {
  return spellings(flags.filter(({ takesValue }) => takesValue))
}
