import type { Scanned } from './scan.ts'
import { type Check, WrongValue } from '../settings/checks.ts'
import { UsageError } from './usage-error.ts'

/** Typed access to the flags of a command line. Each method throws a UsageError that names the flag. */
export class Values {
  readonly #scanned: Scanned

  constructor(scanned: Scanned) {
    this.#scanned = scanned
  }

  has(name: string): boolean {
    return this.#scanned.flags.has(name)
  }

  string(name: string): string | undefined {
    const value = this.#scanned.flags.get(name)?.at(-1)
    if (value === '') throw new UsageError(`--${name} needs a value that is not empty`)
    return value
  }

  strings(name: string): readonly string[] {
    return this.#scanned.flags.get(name) ?? []
  }

  /** Values given by several flags, by commas, or both. */
  list(name: string): string[] {
    return this.strings(name).flatMap((value) => {
      const parts = value.split(',').map((part) => part.trim())
      const present = parts.filter((part) => part !== '')
      // As when it is the value of a variable that is empty by mistake.
      if (present.length === 0) throw new UsageError(`--${name} needs a value that is not empty`)
      return present
    })
  }

  /** `KEY=VALUE` of each flag; the value may hold further equals signs, or nothing. `check` says which keys there can be. */
  pairs(name: string, check: Check<string>): Record<string, string> {
    const pairs = this.strings(name).map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1) throw new UsageError(`--${name} must look like KEY=VALUE, not ${JSON.stringify(text)}`)
      return [checked(`the key of --${name}`, text.slice(0, equals), check), text.slice(equals + 1)] as const
    })
    return Object.fromEntries(pairs)
  }

  /** A value that the check accepts. */
  checked(name: string, check: Check<string>): string | undefined {
    const text = this.string(name)
    return text === undefined ? undefined : checked(`--${name}`, text, check)
  }

  integer(name: string, minimum: number, maximum: number): number | undefined {
    const text = this.string(name)
    if (text === undefined) return undefined
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    throw new UsageError(`--${name} must be a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(text)}`)
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.string(name)
    if (text === undefined) return undefined
    const value = allowed.find((candidate) => candidate === text)
    if (value === undefined)
      throw new UsageError(`--${name} must be one of ${allowed.join(', ')}, not ${JSON.stringify(text)}`)
    return value
  }
}

/** The text, when the check accepts it; otherwise throws a UsageError that starts with `what`. */
export function checked(what: string, text: string, check: Check<string>): string {
  try {
    return check(text)
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error
    throw new UsageError(`${what} must be ${error.message}, not ${JSON.stringify(text)}`)
  }
}
