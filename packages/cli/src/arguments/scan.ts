import { UsageError } from './usage-error.ts'
import type { Flag, Flags } from './flag.ts'
import { didYouMean } from './nearest.ts'

/** What a command line says, flag by flag. */
export interface Scanned {
  /** Values of string flags in the order given; of boolean flags an empty list. A flag not given is absent. */
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
  /** The wrapped command and its arguments, untouched. */
  readonly wrapped: readonly string[]
}

/**
 * Reads a command line strictly, ahead of citty, which reads flags behind a positional, finds `--help` even behind `--`, and
 * passes over unknown flags. With `wraps`, everything from the first word that is no flag belongs to the wrapped command; a `--`
 * in front of it is dropped. Throws a UsageError for a flag that is unknown, lacks its value, or is given twice.
 */
export function scan(words: readonly string[], flags: Flags, wraps: boolean): Scanned {
  const found = new Map<string, string[]>()
  const positionals: string[] = []
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    if (word === '--' || !word.startsWith('-') || word === '-') {
      const rest = words.slice(word === '--' ? index + 1 : index)
      if (wraps) return { flags: found, positionals, wrapped: rest }
      if (word === '--') return { flags: found, positionals: [...positionals, ...rest], wrapped: [] }
      positionals.push(word)
      continue
    }
    const equals = word.indexOf('=')
    const given = equals < 0 ? word : word.slice(0, equals)
    const [name, flag] = findFlag(given, flags)
    const values = found.get(name) ?? []
    if (found.has(name) && !flag.repeatable) throw new UsageError(`--${name} is given twice`)
    if (flag.type === 'string') {
      const value = equals < 0 ? words[(index += 1)] : word.slice(equals + 1)
      if (value === undefined) throw new UsageError(`--${name} needs a value`)
      values.push(value)
    } else if (equals >= 0) {
      throw new UsageError(`--${name} takes no value`)
    }
    found.set(name, values)
  }
  return { flags: found, positionals, wrapped: [] }
}

function findFlag(given: string, flags: Flags): [string, Flag] {
  const found = Object.entries(flags).find(([name, { alias }]) => given === `--${name}` || given === `-${alias}`)
  if (found) return found
  const names = Object.keys(flags).map((name) => `--${name}`)
  throw new UsageError(`unknown flag ${given}${didYouMean(given, names)}`)
}
