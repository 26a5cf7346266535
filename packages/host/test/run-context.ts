import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { createPolicy } from '../src/run/policy.ts'
import type { AttemptRun, RunContext, RunDefaults } from '../src/run/run-context.ts'
import { noSandbox } from '../src/run/sandbox/none.ts'

type ContextOptions = Partial<RunContext> & Partial<RunDefaults> & { openclawCommand?: string }

/** A host's folder is its own: another one that is started on it clears away what it finds. */
const dir = mkdtempSync(path.join(tmpdir(), 'skyclaw-run-'))
process.once('exit', () => rmSync(dir, { recursive: true, force: true }))

/** A context in which shells and Node may run. */
export function testContext(options: ContextOptions = {}): RunContext {
  const { openclawCommand = 'openclaw-is-not-here', timeoutMs, killGraceMs, maxOutputBytes, limits, ...rest } = options
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const allowedCommands = ['sh', 'node', 'cat', 'yes', 'absent-command', '/nonexistent/file']
  return {
    policy: createPolicy({ allowedCommands, openclawCommand, path: environment.PATH }),
    sandbox: noSandbox,
    environment,
    inheritEnv: [],
    workRoots: [],
    defaults: {
      timeoutMs: timeoutMs ?? 10_000,
      killGraceMs: killGraceMs ?? 300,
      maxOutputBytes: maxOutputBytes ?? 131_072,
      limits: limits ?? {},
    },
    dir,
    log: pino({ enabled: false }),
    ...rest,
  }
}

/** An attempt of its own name. */
export function testAttempt(options: Partial<AttemptRun> = {}): AttemptRun {
  const tag = `t${randomBytes(8).toString('hex')}`
  return { jobId: 'job', attempt: 1, tag, signal: new AbortController().signal, ...options }
}

/** Whether a process is there and not a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) Z /.test(stat)
}
