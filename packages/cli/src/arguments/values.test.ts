import { expect, test } from 'vitest'
import { envName } from '../settings/checks.ts'
import { Values } from './values.ts'

function values(flags: Record<string, string[]>): Values {
  return new Values({ flags: new Map(Object.entries(flags)), positionals: [], wrapped: [] })
}

test('a list takes several flags and commas alike', () => {
  expect(values({ requires: ['gpu, fast', 'disk,'] }).list('requires')).toEqual(['gpu', 'fast', 'disk'])
  expect(values({}).list('requires')).toEqual([])
})

test('a list that is empty by mistake is refused rather than passed over', () => {
  for (const text of ['', ' , ']) {
    expect(() => values({ requires: [text] }).list('requires')).toThrow('--requires needs a value that is not empty')
  }
})

test('pairs keep commas and equals signs of the value', () => {
  expect(values({ env: ['A=1,2', 'B=', 'C=x=y'] }).pairs('env', envName)).toEqual({ A: '1,2', B: '', C: 'x=y' })
  expect(() => values({ env: ['=x'] }).pairs('env', envName)).toThrow('--env must look like KEY=VALUE, not "=x"')
  expect(() => values({ env: ['a b=x'] }).pairs('env', envName)).toThrow(/^the key of --env must be .*, not "a b"$/)
})

test('a number is whole and within its bounds', () => {
  expect(values({ priority: ['-5'] }).integer('priority', -10, 10)).toBe(-5)
  for (const text of ['11', '1.5', 'x', '1e1', ' 1']) {
    expect(() => values({ priority: [text] }).integer('priority', -10, 10)).toThrow(
      '--priority must be a whole number from -10 to 10',
    )
  }
})

test('a choice is one of those allowed', () => {
  expect(values({ status: ['a'] }).oneOf('status', ['a', 'b'])).toBe('a')
  expect(() => values({ status: ['c'] }).oneOf('status', ['a', 'b'])).toThrow('--status must be one of a, b, not "c"')
})

test('a value that must be something is not empty', () => {
  expect(() => values({ cwd: [''] }).string('cwd')).toThrow('--cwd needs a value that is not empty')
})
