import { WrongValue } from './checks.ts'
import type { Variable } from './variable.ts'
import { type ValueOf, type VariableKey, variables } from './variables.ts'

interface Text {
  readonly text: string
  /** Where it came from: the variable's name or the flag. */
  readonly source: string
}

/** What the environment and the flags say, not yet checked. */
export interface Settings {
  readonly texts: Readonly<Partial<Record<VariableKey, Text>>>
  /** Sentences about variables that are set and mean nothing. */
  readonly warnings: readonly string[]
  /** Whether the environment asks for output without colours. */
  readonly plain: boolean
}

/** A setting is wrong. The message names the variable or flag and what would be right. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
  /** Whether a flag was wrong, which is a usage error, rather than the environment. */
  readonly fromFlag: boolean

  constructor(message: string, fromFlag = false) {
    super(message)
    this.fromFlag = fromFlag
  }
}

/** The checked value of a setting; undefined when neither flag nor variable is set. Throws a SettingError. */
export function valueOf<K extends VariableKey>(settings: Settings, key: K): ValueOf<K> | undefined {
  const found = settings.texts[key]
  if (!found) return undefined
  const variable: Variable<unknown> = variables[key]
  try {
    return variable.check(found.text) as ValueOf<K>
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error
    const shown = variable.secret ? '' : `, not ${JSON.stringify(found.text)}`
    throw new SettingError(`${found.source} must be ${error.message}${shown}`, found.source.startsWith('--'))
  }
}

/** The same, with the default of the table. */
export function valueOrDefault<K extends VariableKey>(settings: Settings, key: K): ValueOf<K> {
  const variable: Variable<unknown> = variables[key]
  return valueOf(settings, key) ?? (variable.check(variable.defaultText ?? '') as ValueOf<K>)
}

/** Flags win: lays their values over the environment's. Several values of one flag become a list. */
export function withFlags(settings: Settings, flags: Partial<Record<VariableKey, readonly string[]>>): Settings {
  const texts = { ...settings.texts }
  const given = Object.entries(flags) as [VariableKey, readonly string[]][]
  // Whoever names a coordinator on the command line means that one, not one more.
  if (flags.coordinatorUrl || flags.coordinatorUrls) {
    delete texts.coordinatorUrl
    delete texts.coordinatorUrls
  }
  for (const [key, values] of given) texts[key] = { text: values.join(','), source: `--${variables[key].flag}` }
  return { ...settings, texts }
}
