import { expect, test } from 'vitest'
import { callsOf } from './count-syncs.ts'

test('fsyncs and fdatasyncs are summed from the table of strace, with errors or without', () => {
  const table = `strace: Process 71 attached with 11 threads
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 92.31    0.412345         210      1234           fdatasync
  7.69    0.012345         210        16         2 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.424690         210      1250         2 total
`
  expect(callsOf(table)).toBe(1_250)
  expect(callsOf('')).toBe(0)
})
