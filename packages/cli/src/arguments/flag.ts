import type { Variable } from '../settings/variable.ts'
import { type VariableKey, variables } from '../settings/variables.ts'

/** One flag of a command. */
export interface Flag {
  readonly type: 'string' | 'boolean'
  readonly description: string
  readonly alias?: string
  /** What stands for the value in the help, such as `N`. */
  readonly valueHint?: string
  /** May be given several times. */
  readonly repeatable?: true
}

export type Flags = Readonly<Record<string, Flag>>

export const helpFlag = {
  help: { type: 'boolean', alias: 'h', description: 'Show this help' },
} as const satisfies Flags

export const jsonFlag = {
  json: { type: 'boolean', description: "Print the API's JSON" },
} as const satisfies Flags

/** A flag for each setting, described as in the table of variables. */
export function settingFlags(keys: readonly VariableKey[]): Flags {
  const flags = keys.map((key): [string, Flag] => {
    const variable: Variable<unknown> = variables[key]
    // A remark stands in parentheses in the table, and here within others.
    const fallback =
      variable.defaultText === undefined ? '' : `; default ${variable.defaultText.replace(/^\((.*)\)$/, '$1')}`
    const description = `${variable.description} (${variable.name}${fallback})`
    const valueHint = variable.unit === undefined ? 'VALUE' : variable.unit.toUpperCase()
    const repeatable = variable.repeatable && { repeatable: true as const }
    return [variable.flag, { type: 'string', description, valueHint, ...repeatable }]
  })
  return Object.fromEntries(flags)
}
