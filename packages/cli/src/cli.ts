import { runCommand } from 'citty'
import { didYouMean } from './arguments/nearest.ts'
import { scan, type Scanned } from './arguments/scan.ts'
import { UsageError } from './arguments/usage-error.ts'
import { type Command, createContext, type Group } from './command.ts'
import { root } from './commands/root.ts'
import { readEnv } from './environment.ts'
import { exitCodes } from './exit-codes.ts'
import { describeFailure } from './failure.ts'
import type { Io } from './io.ts'
import { renderHelp } from './render/help.ts'
import { plainLine } from './render/plain-text.ts'
import { asksForVersion, version } from './version.ts'

/** Runs one command line, without the program's name; returns the exit code. Never throws for what a person can get wrong. */
export async function runCli(words: readonly string[], io: Io): Promise<number> {
  // `help jobs list` is `jobs list --help`.
  const path = resolve(words[0] === 'help' ? [...words.slice(1), '--help'] : words)
  let failureCode: number = exitCodes.failure
  try {
    if (!('definition' in path.found)) return await showGroup(path, io)
    const { found, rest } = path
    const { definition } = found
    failureCode = definition.failureCode ?? failureCode
    const scanned = scan(rest, definition.flags, definition.wraps)
    if (scanned.flags.has('help')) {
      io.stdout.write(await renderHelp(found, path.typed, io))
      return exitCodes.ok
    }
    checkPositionals(scanned, definition)
    return await runFound(found, scanned, io)
  } catch (error) {
    const { message, usage } = describeFailure(error, io)
    const hint = usage ? `; see ${[io.program, ...path.typed, '--help'].join(' ')}` : ''
    io.stderr.write(`skyclaw: ${plainLine(message)}${hint}\n`)
    return usage ? exitCodes.usage : failureCode
  }
}

interface Path {
  readonly found: Command | Group
  /** The words that led there. */
  readonly typed: readonly string[]
  readonly rest: readonly string[]
}

function resolve(words: readonly string[]): Path {
  let found: Command | Group = root
  let depth = 0
  while ('commands' in found) {
    const next: Command | Group | undefined = Object.hasOwn(found.commands, words[depth] ?? '')
      ? found.commands[words[depth] ?? '']
      : undefined
    if (!next) break
    found = next
    depth += 1
  }
  return { found, typed: words.slice(0, depth), rest: words.slice(depth) }
}

async function showGroup({ found, rest, typed }: Path, io: Io): Promise<number> {
  const { commands } = found as Group
  const [word] = rest
  if (word === '--help' || word === '-h') {
    io.stdout.write(await renderHelp(found, typed, io))
    return exitCodes.ok
  }
  if (typed.length === 0 && asksForVersion(rest)) {
    io.stdout.write(`${version}\n`)
    return exitCodes.ok
  }
  const names = Object.keys(commands)
  if (word === undefined) throw new UsageError(`${typed.join(' ') || 'it'} needs a command: ${names.join(', ')}`)
  if (word.startsWith('-')) throw new UsageError(`unknown flag ${word} before the command`)
  throw new UsageError(`unknown command ${[...typed, word || '""'].join(' ')}${didYouMean(word, names)}`)
}

function checkPositionals(
  { positionals, wrapped }: Scanned,
  { positionals: wanted = {}, wraps }: Command['definition'],
): void {
  const words = wraps ? wrapped : positionals
  const names = Object.keys(wanted)
  const missing = names.filter((name) => !name.endsWith('...'))[words.length]
  if (missing !== undefined) throw new UsageError(`${missing.toUpperCase()} is missing`)
  if (!wraps && words.length > names.length) throw new UsageError(`${words[names.length]} is one word too many`)
}

async function runFound(found: Command, scanned: Scanned, io: Io): Promise<number> {
  const settings = readEnv(io.env)
  for (const warning of settings.warnings) io.stderr.write(`skyclaw: warning: ${plainLine(warning)}\n`)
  const context = createContext(io, settings, found, scanned)
  // Citty sees a command line that leaves it nothing to guess.
  const flags = [...scanned.flags].flatMap(([name, values]) =>
    found.definition.flags[name]?.type === 'boolean' ? [`--${name}`] : values.map((value) => `--${name}=${value}`),
  )
  const rawArgs = [...flags, '--', ...scanned.positionals, ...scanned.wrapped]
  try {
    const { result } = await runCommand(found, { rawArgs, data: context })
    return result as number
  } finally {
    await context.close()
  }
}
