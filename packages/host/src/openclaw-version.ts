import { randomBytes } from 'node:crypto'
import { limits } from '@skyclaw/protocol'
import { messageOf } from './retry.ts'
import { compileCacheFolder } from './run/job-temp-folder.ts'
import { refused } from './run/result.ts'
import { runCommand } from './run/run-command.ts'
import type { RunContext } from './run/run-context.ts'

/** What the OpenClaw command says it is, if that is a version; or a sentence that says why it is of no use. */
export type OpenclawLook = { version: string | undefined } | { reason: string }

export interface LookOptions {
  /** Ends the look when it is aborted. */
  readonly signal: AbortSignal
  /** Milliseconds after which a command that has not answered is ended; default 15,000. */
  readonly timeoutMs?: number
}

/** Of the output; a version is short. */
const maxOutputBytes = 4_096
/** Between SIGTERM and SIGKILL: it has nothing to lose. */
const killGraceMs = 1_000
/** `OpenClaw 2026.9.6 (eb377ac)`, or the number alone; warnings may come before. */
const versionPattern = /^(?:openclaw[ /]+)?v?(\d+\.\d+[\w.+-]*)(?=\s|$)/im

/** Asks the OpenClaw command for its version, as a job would run it: in the sandbox, if there is one. Never rejects. */
export async function lookAtOpenclaw(
  context: RunContext,
  { signal, timeoutMs = 15_000 }: LookOptions,
): Promise<OpenclawLook> {
  const permit = context.policy.openclaw
  if ('reason' in permit) return { reason: permit.reason }
  const defaults = { ...context.defaults, killGraceMs, maxOutputBytes }
  const attempt = { jobId: 'openclaw-version', attempt: 0, tag: `v${randomBytes(10).toString('hex')}`, signal }
  const env: Record<string, string> = {}
  if (context.sandbox.kind === 'none') env['NODE_COMPILE_CACHE'] = await compileCacheFolder(context.dir)
  const command = { permit, args: ['--version'], timeoutMs, env }
  const result = await runCommand({ ...context, defaults }, {}, command, attempt).catch((error: unknown) =>
    refused(125, messageOf(error)),
  )
  const shown = 'openclaw --version (SKYCLAW_OPENCLAW_COMMAND)'
  if (result.timedOut === true) return { reason: `${shown} did not answer within ${timeoutMs} ms` }
  if (!result.success) return { reason: `${shown} failed: ${result.error ?? 'no reason given'}` }
  if (result.stdout.trim() === '') return { reason: `${shown} answered nothing` }
  // A wrapper of one's own may say something else: it answers, and jobs for it are run.
  const version = versionPattern.exec(result.stdout)?.[1]
  return { version: version !== undefined && version.length <= limits.labelChars ? version : undefined }
}
