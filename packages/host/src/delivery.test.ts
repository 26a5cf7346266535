import { ProblemResponseError, UnexpectedAnswerError, UnreachableError } from '@skyclaw/client'
import { problem, type ProblemCode } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { judge, type Verdict } from './delivery.ts'

const url = 'http://a'

test.each<[ProblemCode, Verdict]>([
  ['lease_lost', 'drop'],
  ['invalid_request', 'set-aside'],
  ['not_found', 'set-aside'],
  ['job_terminal', 'set-aside'],
  ['idempotency_mismatch', 'set-aside'],
  ['payload_too_large', 'set-aside'],
  ['unauthorized', 'retry'],
  ['too_busy', 'retry'],
  ['request_timeout', 'retry'],
  ['internal', 'retry'],
  ['quorum_unreachable', 'retry'],
  ['shutting_down', 'retry'],
])('a result answered with %s is to be: %s', (code, verdict) => {
  expect(judge(new ProblemResponseError(problem(code, 'detail'), url, false))).toBe(verdict)
})

test('trouble of the network is never the end of a result', () => {
  expect(judge(new UnreachableError([], 1, true))).toBe('retry')
  expect(judge(new UnexpectedAnswerError(url, 404, 'a page of a proxy', false))).toBe('retry')
  expect(judge(new Error('anything'))).toBe('retry')
})
