import { createPolicy } from '../src/run/policy.ts'
import type { RunContext } from '../src/run/run-context.ts'

/** A context in which shells and Node may run. */
export function testContext(options: Partial<RunContext> & { openclawCommand?: string } = {}): RunContext {
  const { openclawCommand = 'openclaw-is-not-here', ...rest } = options
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const allowedCommands = ['sh', 'node', 'cat', 'yes', 'absent-command', '/nonexistent/file']
  return {
    policy: createPolicy({ allowedCommands, openclawCommand, path: environment.PATH }),
    environment,
    inheritEnv: [],
    timeoutMs: 10_000,
    killGraceMs: 300,
    maxOutputBytes: 131_072,
    ...rest,
  }
}

/** Whether a process is there and not a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) Z /.test(stat)
}
