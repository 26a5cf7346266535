import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Machine } from './machine.ts'
import { type DatedResult, mergeReport, readReport, writeReport } from './report.ts'

const machine: Machine = {
  ...{ cpu: 'a', cores: 2, memoryBytes: 8, kernel: 'Linux 6', node: 'v24', filesystem: 'ext4', fsyncMs: 0.2 },
}
const names = ['a', 'b', 'c']

function resultOf(name: string, commit: string): DatedResult {
  return {
    ...{ kind: 'absolute', name, title: name, load: '', runs: 1, durability: '', figures: [] },
    ...{ takenAt: '2026-11-23T00:00:00.000Z', commit, scale: 1 },
  }
}

test('new results replace those of the same scenarios, and the others stay, in the order of the scenarios', () => {
  const older = mergeReport(undefined, { machine, results: [resultOf('c', '1'), resultOf('b', '1')] }, names)
  const merged = mergeReport(older, { machine, results: [resultOf('c', '2'), resultOf('a', '2')] }, names)
  expect(merged.results.map(({ name, commit }) => name + commit)).toEqual(['a2', 'b1', 'c2'])
})

test('results of another machine, and of scenarios that are no more, are left out', () => {
  const older = mergeReport(undefined, { machine, results: [resultOf('a', '1'), resultOf('c', '1')] }, names)
  const elsewhere = { ...machine, cores: 64 }
  expect(mergeReport(older, { machine: elsewhere, results: [] }, names).results).toEqual([])
  expect(mergeReport(older, { machine, results: [] }, ['a']).results.map(({ name }) => name)).toEqual(['a'])
})

test('a report is read as it was written; no report, a broken one or one of another version is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  expect(readReport(folder)).toBeUndefined()
  const report = mergeReport(undefined, { machine, results: [resultOf('a', '1')] }, names)
  const file = writeReport(folder, report)
  expect(readReport(folder)).toEqual(report)
  writeFileSync(file, JSON.stringify({ ...report, version: 0 }))
  expect(readReport(folder)).toBeUndefined()
  writeFileSync(file, '{')
  expect(readReport(folder)).toBeUndefined()
})
