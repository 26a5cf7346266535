import { expect, test } from 'vitest'
import type { Variable } from './variable.ts'
import { keysOf, type VariableKey, variables } from './variables.ts'

const all = Object.entries(variables) as [VariableKey, Variable<unknown>][]

test('every default that is a value passes its own check', () => {
  const values = all.filter(([, { defaultText }]) => defaultText !== undefined && !defaultText.startsWith('('))
  expect(values.length).toBeGreaterThan(10)
  for (const [, { check, defaultText }] of values) expect(() => check(defaultText ?? '')).not.toThrow()
})

test('no two variables share a name, and no two of a role share a flag', () => {
  expect(new Set(all.map(([, { name }]) => name)).size).toBe(all.length)
  for (const role of ['coordinator', 'host', 'client'] as const) {
    const flags = keysOf(role).map((key) => variables[key].flag)
    expect(new Set(flags).size).toBe(flags.length)
  }
})

test('a unit stands at the end of the name and of the flag', () => {
  for (const [, { name, flag, unit }] of all) {
    expect([/_(MS|BYTES)$/.exec(name)?.[1]?.toLowerCase(), /-(ms|bytes)$/.exec(flag)?.[1]]).toEqual([unit, unit])
  }
})
