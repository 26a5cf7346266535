import { WrongValue } from '../src/settings/checks.ts'
import type { Role, Variable } from '../src/settings/variable.ts'
import { keysOf, variables } from '../src/settings/variables.ts'

const all = Object.values(variables as Record<string, Variable<unknown>>)

/** The table of all variables, as the README has it. */
export function environmentTable(): string {
  const rows = all.map((variable) => {
    const users = variable.roles.length === 3 ? 'all' : variable.roles.join(', ')
    return row([code(variable.name), code(`--${variable.flag}`), users, fallback(variable), variable.description])
  })
  return table(['variable', 'flag', 'of', 'default', 'meaning'], rows)
}

/** The table of one role, as docs/configuration.md has it: with what is accepted. */
export function roleTable(role: Role): string {
  const rows = keysOf(role).map((key) => {
    const variable: Variable<unknown> = variables[key]
    return row([
      code(variable.name),
      code(`--${variable.flag}`),
      fallback(variable),
      accepted(variable),
      variable.description,
    ])
  })
  return table(['variable', 'flag', 'default', 'a value is', 'meaning'], rows)
}

/** What the check itself says of a value that nothing accepts. */
function accepted({ check, unit }: Variable<unknown>): string {
  try {
    check('\0')
  } catch (error) {
    if (error instanceof WrongValue) return unit === 'ms' ? `${error.message} (milliseconds)` : error.message
    throw error
  }
  throw new Error('a check that accepts everything')
}

/** A value is shown as code, a remark as it is. */
function fallback({ defaultText }: Variable<unknown>): string {
  if (defaultText === undefined) return ''
  return defaultText.startsWith('(') ? defaultText.slice(1, -1) : code(defaultText)
}

function table(titles: readonly string[], rows: readonly string[]): string {
  return [row(titles), row(titles.map(() => '---')), ...rows].join('\n')
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const code = (text: string): string => `\`${text}\``
