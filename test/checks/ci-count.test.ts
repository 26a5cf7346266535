import { expect, test } from 'vitest'
import { count } from '../../.ci/count.mjs'

const file = (status: string, ...outcomes: string[]): object => ({
  status,
  assertionResults: outcomes.map((outcome) => ({ status: outcome })),
})
const report = (passed: number, failed: number, ...testResults: object[]): object => ({
  numTotalTests: passed + failed,
  numPassedTests: passed,
  numFailedTests: failed,
  testResults,
})

test('CI counts the tests and checks that passed and failed', () => {
  expect(count(report(3, 1, file('passed', 'passed'), file('failed', 'passed', 'failed')), 1)).toEqual({
    passed: 3,
    failed: 1,
  })
  expect(count({ passed: 12, failed: 0 }, 0)).toEqual({ passed: 12, failed: 0 })
})

test('CI counts a suite that died without a report as a failure', () => {
  expect(count(undefined, 1)).toEqual({ passed: 0, failed: 1 })
  expect(count(undefined, 0)).toEqual({ passed: 0, failed: 1 })
})

test('CI counts a test file that does not load as a failure', () => {
  expect(count(report(1, 0, file('passed', 'passed'), file('failed')), 1)).toEqual({ passed: 1, failed: 1 })
})

test('CI counts an exit code that no reported failure explains as a failure', () => {
  expect(count(report(2, 0, file('passed', 'passed', 'passed')), 137)).toEqual({ passed: 2, failed: 1 })
})

test('CI counts a run of nothing as a failure', () => {
  expect(count(report(0, 0), 0)).toEqual({ passed: 0, failed: 1 })
})
