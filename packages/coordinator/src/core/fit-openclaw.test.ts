import { limits, type OpenclawResult } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fitOpenclaw } from './fit-openclaw.ts'

const half = 'x'.repeat(limits.outputBytes / 2)

test.each<[string, OpenclawResult, (keyof OpenclawResult)[]]>([
  [
    'all of a short one',
    { status: 'ok', final: half, usage: {}, toolSummary: {} },
    ['status', 'final', 'usage', 'toolSummary'],
  ],
  ['no tools when they are too much', { final: half, usage: { input: 1 }, toolSummary: { half } }, ['final', 'usage']],
  ['the final answer before the usage', { final: half, usage: { half } }, ['final']],
  ['its name when all else is too long', { status: 'ok', final: '\0'.repeat(limits.outputBytes) }, ['status']],
])("of OpenClaw's answer is kept: %s", (_, answer, kept) => {
  const fitted = fitOpenclaw(answer)
  expect(Object.keys(fitted)).toEqual(kept)
  expect(answer).toMatchObject(fitted)
  expect(JSON.stringify(fitted).length).toBeLessThanOrEqual(limits.outputBytes)
})
