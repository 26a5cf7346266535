import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { root } from '../src/commands/root.ts'
import type { Role } from '../src/settings/variable.ts'
import { environmentTable, roleTable } from './environment-table.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const configuration = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')

test("the README's table of variables is what the program reads", () => {
  expect(marked(readme, 'environment')).toBe(squeeze(environmentTable()))
})

test.each<Role>(['coordinator', 'host', 'client'])(
  'docs/configuration.md has every variable of the %s, with what the program accepts',
  (role) => {
    expect(marked(configuration, role)).toBe(squeeze(roleTable(role)))
  },
)

test('the README names every command', () => {
  for (const name of Object.keys(root.commands)) expect(readme).toContain(`skyclaw ${name}`)
})

/** What stands between the marks of that name. */
function marked(text: string, name: string): string {
  const [, before = ''] = text.split(`<!-- ${name} -->\n`)
  return squeeze(before.split(`<!-- /${name} -->`)[0] ?? '')
}

/** The formatter pads cells and dashes; neither means anything. */
function squeeze(table: string): string {
  return table.trim().replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
}
