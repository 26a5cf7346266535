import { expect, test } from 'vitest'
import { insertResults } from './markdown.ts'
import type { Report } from './report.ts'

const page = `# Title

<!-- results: written by pnpm bench:docs -->

old

<!-- end of results -->

After
`
const taken = { takenAt: '2026-11-23T06:00:00.000Z', commit: 'abc1234', scale: 0.5 }
const report: Report = {
  version: 1,
  machine: {
    ...{ cpu: 'Some CPU', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: 'Linux 6', node: 'v24' },
    ...{ filesystem: 'ext4', fsyncMs: 0.21 },
  },
  results: [
    {
      ...{ ...taken, kind: 'absolute', name: 'idle', title: 'Idle', load: '', runs: 5, durability: '' },
      figures: [
        {
          ...{ name: 'p50', title: 'p50', unit: 'ms', better: 'less', target: { bar: 3, goal: 2 }, values: [2.5] },
          spread: { median: 2.5, min: 2.5, max: 2.5 },
        },
      ],
    },
  ],
}

test('results take the place of older ones between the marks, and the rest of the page stays', () => {
  const written = insertResults(page, report)
  expect(written).not.toContain('old')
  expect(written).toMatch(/^# Title\n/)
  expect(written).toMatch(/\n\nAfter\n$/)
  expect(written).toContain('Taken 2026-11-23 at commit abc1234, on Some CPU, 2 cores, 8 GiB')
  expect(written).toContain('| `idle`   | p50    | 2.5 ms | 2.5 to 2.5    | bar <= 3, goal <= 2 | bar reached |')
  expect(written).toContain('- `idle`: a quick look, with operations times 0.5')
  expect(insertResults(written, report)).toBe(written)
})

test('a page without a place for results is refused', () => {
  expect(() => insertResults('# Title\n', report)).toThrow('no place for results')
})
