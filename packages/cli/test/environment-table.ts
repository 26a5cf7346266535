import { type Variable, variables } from '../src/settings/variables.ts'

/** The table of all variables, as the README has it. */
export function environmentTable(): string {
  const rows = Object.values(variables as Record<string, Variable<unknown>>).map((variable) => {
    const fallback = variable.defaultText === undefined ? '' : cell(variable.defaultText)
    const users = variable.roles.length === 3 ? 'all' : variable.roles.join(', ')
    return `| \`${variable.name}\` | \`--${variable.flag}\` | ${users} | ${fallback} | ${variable.description} |`
  })
  return ['| variable | flag | of | default | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}

/** A value is shown as code, a remark as it is. */
function cell(text: string): string {
  return text.startsWith('(') ? text.slice(1, -1) : `\`${text}\``
}
