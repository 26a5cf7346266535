import { expect, test } from 'vitest'
import { JobProcesses } from './job-processes.ts'
import type { ProcessStat } from './proc.ts'

function stat(pid: number, fields: Partial<ProcessStat> = {}): ProcessStat {
  const times = { startTicks: pid, cpuMs: 0, childrenCpuMs: 0, memoryBytes: 0 }
  return { pid, command: 'x', alive: true, ppid: 1, group: 1, session: 1, ...times, ...fields }
}

test('the time of a child that was waited for counts once, in its parent', () => {
  const job = new JobProcesses('a')
  job.update([stat(1, { cpuMs: 10 }), stat(2, { cpuMs: 30 })])
  expect(job.cpuMs).toBe(40)
  job.update([stat(1, { cpuMs: 10, childrenCpuMs: 50 })])
  expect(job.cpuMs).toBe(60)
})

test('the time of a child that nobody waited for is what was last seen of it', () => {
  const job = new JobProcesses('a')
  job.update([stat(1, { cpuMs: 10 }), stat(2, { cpuMs: 30 })])
  job.update([stat(1, { cpuMs: 20 })])
  expect(job.cpuMs).toBe(50)
})

test('another process with the number of one that ended is another one', () => {
  const job = new JobProcesses('a', { pid: 1, startTicks: 1 })
  job.update([stat(1, { cpuMs: 30 })])
  const other = stat(1, { startTicks: 9, cpuMs: 10 })
  expect(job.knows(other)).toBe(false)
  expect(job.isRoot(other)).toBe(false)
  job.update([other])
  expect(job.cpuMs).toBe(40)
})

test('peak memory is the most that all had at once, and what runs comes newest first, without zombies', () => {
  const job = new JobProcesses('a')
  job.update([stat(1, { memoryBytes: 5 }), stat(3, { memoryBytes: 5 }), stat(2, { memoryBytes: 1, alive: false })])
  job.update([stat(1, { memoryBytes: 7 })])
  expect(job.peakMemoryBytes).toBe(11)
  expect(job.memoryBytes).toBe(7)
  job.update([stat(1), stat(3), stat(2, { alive: false })])
  expect(job.living().map(({ pid }) => pid)).toEqual([3, 1])
})
