import { expect, test } from 'vitest'
import { mediansOf } from './run-curve.ts'

test('lines of several runs become one a name, with the median at each x, in the order of x', () => {
  const runs = [
    {
      name: 'a',
      points: [
        [10, 1],
        [1, 5],
      ],
    },
    { name: 'b', points: [[1, 7]] },
    {
      name: 'a',
      points: [
        [1, 9],
        [10, 3],
      ],
    },
    { name: 'a', points: [[1, 6]] },
  ] as const
  expect(mediansOf(runs)).toEqual([
    {
      name: 'a',
      points: [
        [1, 6],
        [10, 2],
      ],
    },
    { name: 'b', points: [[1, 7]] },
  ])
})
