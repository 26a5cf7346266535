import { isForHost, isProtected } from '../environment.ts'

/** Which variables jobs may set. */
export interface EnvRule {
  /** As the file has them. */
  readonly entries: readonly string[]
  allows(name: string): boolean
}

/** A rule by its entries: names, and beginnings such as `APP_*`, which stand for no protected name. */
export function envRule(entries: readonly string[]): EnvRule {
  const names = new Set(entries.filter((entry) => !entry.endsWith('*')))
  const beginnings = entries.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1))
  return {
    entries,
    allows(name) {
      if (isForHost(name)) return false
      return names.has(name) || (!isProtected(name) && beginnings.some((beginning) => name.startsWith(beginning)))
    },
  }
}

/** What is wrong with an entry, as a sentence. */
export function checkEnvEntry(entry: string): string | undefined {
  if (!/^(?:[A-Za-z_][A-Za-z0-9_]{0,127}\*?|\*)$/.test(entry)) {
    return `${JSON.stringify(entry)} must be the name of a variable, or the beginning of names such as APP_*`
  }
  const exact = !entry.endsWith('*')
  if (isForHost(exact ? entry : entry.slice(0, -1)))
    return `${entry} cannot be listed: no job ever sets SKYCLAW_ variables`
  if (!exact && entry !== '*' && isProtected(entry.slice(0, -1))) {
    return `${entry} stands for protected variables, which are listed by their whole names only`
  }
  return undefined
}
