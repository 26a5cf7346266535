import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { root } from '../src/commands/root.ts'
import { environmentTable } from './environment-table.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')

test("the README's table of variables is what the program reads", () => {
  const [, table] = /<!-- environment -->\n([^]*?)\n<!-- \/environment -->/.exec(readme) ?? []
  expect(squeeze(table ?? '')).toBe(squeeze(environmentTable()))
})

test('the README names every command', () => {
  for (const name of Object.keys(root.commands)) expect(readme).toContain(`skyclaw ${name}`)
})

/** The formatter pads cells and dashes; neither means anything. */
function squeeze(table: string): string {
  return table.trim().replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
}
