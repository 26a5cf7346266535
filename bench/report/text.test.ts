import { expect, test } from 'vitest'
import { columns, round, wrap } from './text.ts'

test('numbers keep three digits that count, and all of those before the point', () => {
  expect([0, 0.0123456, 1.5, 99.96, 100.4, 24_396.7, Infinity].map(round)).toEqual([
    '0',
    '0.0123',
    '1.5',
    '100',
    '100',
    '24,397',
    'Infinity',
  ])
})

test('columns are as wide as their widest cell, the first on the left', () => {
  expect(
    columns([
      ['', 'jobs/s'],
      ['skyclaw', '3'],
      ['b', '24,400', 'x'],
    ]),
  ).toEqual(['         jobs/s', 'skyclaw       3', 'b        24,400  x'])
  expect(columns([])).toEqual([])
})

test('a text is broken between words, and a word that is too long stays whole', () => {
  expect(wrap('one two three', 9, '  ')).toEqual(['one two', '  three'])
  expect(wrap('abcdefghij k', 5)).toEqual(['abcdefghij', 'k'])
  expect(wrap('', 5)).toEqual([''])
})
