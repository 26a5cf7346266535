import type { Check } from './checks.ts'

/** Who uses a variable: the coordinator, the host, or the commands that talk to a coordinator. */
export type Role = 'coordinator' | 'host' | 'client'

/** One setting: an environment variable and, for the roles that use it, a flag of the same meaning. */
export interface Variable<T> {
  readonly name: string
  readonly flag: string
  readonly roles: readonly Role[]
  readonly check: Check<T>
  readonly description: string
  /** What stands in documents when nothing is set; the text is a valid value unless it is in parentheses. */
  readonly defaultText?: string
  readonly unit?: 'ms' | 'bytes'
  /** Its value is never shown. */
  readonly secret?: true
  /** Its flag may be given several times; the values are joined by commas. */
  readonly repeatable?: true
}

export function variable<T>(definition: Variable<T>): Variable<T> {
  return definition
}
