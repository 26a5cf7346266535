import { limits, type OpenclawResult, type Usage } from '@skyclaw/protocol'
import type { ProcessEnd } from './process.ts'
import type { Secrets } from './redact.ts'

/** How one attempt ended: what the completion reports, and whether it was `interrupted`. */
export interface RunResult {
  success: boolean
  exitCode: number
  durationMs: number
  stdout: string
  stderr: string
  /** A sentence; absent on success. */
  error?: string
  signal?: string
  timedOut?: boolean
  usage?: Usage
  /** What OpenClaw answered. */
  openclaw?: OpenclawResult
  /** The host ended it; it had not ended by itself. */
  interrupted?: boolean
}

/** An attempt that did not get as far as a process. */
export function refused(exitCode: number, reason: string): RunResult {
  return { success: false, exitCode, durationMs: 0, stdout: '', stderr: '', error: shorten(reason) }
}

/** The exit code of a job that went beyond a limit: as if the kernel had ended it. */
const beyondLimit = 137

/** What a process's end means for its attempt. */
export function resultOf(end: ProcessEnd, timeoutMs: number): RunResult {
  const { stdout, stderr, durationMs, usage, endedBy, exitCode, signal } = end
  const output = { stdout, stderr, durationMs, ...(usage && { usage }) }
  const failed = { ...output, success: false, ...(endedBy === 'signal' && { interrupted: true }) }
  const error = end.error === undefined ? undefined : shorten(end.error)
  if (endedBy === 'replaced') return { ...failed, exitCode: 126, error: error ?? 'its file was replaced' }
  if (endedBy === 'limit') return { ...failed, exitCode: beyondLimit, error: error ?? 'ended by a limit' }
  if (endedBy === 'time') {
    const sentence = `timed out after ${timeoutMs} ms`
    return { ...failed, exitCode: 124, timedOut: true, error: error === undefined ? sentence : `${sentence}; ${error}` }
  }
  if (signal !== undefined) return { ...failed, exitCode, signal, error: error ?? `ended by ${signal}` }
  if (exitCode !== 0) return { ...failed, exitCode, error: error ?? `exited with code ${exitCode}` }
  if (error === undefined) return { ...failed, success: true, exitCode: 0 }
  // It did what it was to do, but something of it runs on: that is the host's failure.
  return { ...failed, exitCode: 125, error }
}

/** A result with no secret in it. The output was redacted as it came. */
export function withoutSecrets(result: RunResult, secrets: Secrets): RunResult {
  const { error, openclaw } = result
  return {
    ...result,
    ...(error !== undefined && { error: secrets.text(error) }),
    ...(openclaw && { openclaw: secrets.value(openclaw) }),
  }
}

export function shorten(text: string): string {
  return text.length <= limits.errorChars ? text : `${text.slice(0, limits.errorChars - 1)}…`
}
