import { expect, test } from 'vitest'
import type { AbsoluteResult, RatioResult } from './result.ts'
import { renderMachine, renderResult } from './terminal.ts'

const spread = { median: 24_400.4, min: 21_000, max: 26_000 }
const side = (name: string) => ({
  ...{ name, version: '1.2.3', values: [], spread, syncsPerOperation: 0.0123 },
  durability: 'an fsync of the append-only file before each answer, shared by what waits',
  settings: 'appendonly yes, appendfsync always, maxmemory-policy noeviction, save ""',
  details: { p50Ms: 12.34, p99Ms: 123.4, serverUs: 1_234 },
})
const ratio: RatioResult = {
  ...{ kind: 'ratio', name: 'enqueue', title: 'Enqueue', load: 'a load '.repeat(20).trim(), runs: 5 },
  ...{ unit: 'requests/s', better: 'more', target: { bar: 0.6, goal: 1 }, sides: [side('skyclaw'), side('bullmq')] },
  ...{ ratio: 0.6789, ratios: { median: 0.68, min: 0.61, max: 0.72 } },
}
const absolute: AbsoluteResult = {
  ...{ kind: 'absolute', name: 'idle', title: 'Idle', load: 'none', runs: 1, durability: 'durable '.repeat(20).trim() },
  figures: [
    {
      ...{ name: 'a', title: 'to the answered claim, client and host at different ones of three nodes, p50' },
      ...{ unit: '% of a core', better: 'less', target: { bar: 3, goal: 2 }, values: [] },
      spread: { median: 1_234, min: 1_234, max: 1_234 },
    },
  ],
}

test('nothing is wider than 100 columns', () => {
  const lines = [ratio, absolute].flatMap((result) => renderResult(result).split('\n'))
  expect(lines.filter((line) => line.length > 100)).toEqual([])
})

test('a comparison shows both sides, the ratio to two places and what became of its target', () => {
  const text = renderResult(ratio)
  expect(text).toMatch(/skyclaw\s+24,400\s+21,000 to 26,000\s+12.3\s+123\s+1,234\s+0.0123/)
  expect(text).toContain('ratio 0.68 (0.61 to 0.72 in pairs of runs); bar >= 0.6, goal >= 1: bar reached')
})

test('a side that was skipped says why', () => {
  const [ours, peer] = ratio.sides as [RatioResult['sides'][0], RatioResult['sides'][0]]
  const { name, durability } = peer
  const { ratio: _, ratios: __, ...rest } = ratio
  const missing = { name, durability, values: [], details: {}, missing: 'redis-server is not installed' }
  expect(renderResult({ ...rest, sides: [ours, missing] })).toContain(
    'bullmq is skipped: redis-server is not installed',
  )
})

test('data in memory is warned of: an fsync does nothing there', () => {
  const machine = {
    cpu: 'c',
    cores: 2,
    memoryBytes: 2 ** 33,
    kernel: 'Linux',
    node: 'v24',
    filesystem: 'ext4',
    fsyncMs: 1,
  }
  expect(renderMachine(machine, 'abc')).not.toContain('an fsync does nothing')
  expect(renderMachine({ ...machine, filesystem: 'tmpfs' }, 'abc')).toContain('on tmpfs an fsync does nothing')
})
