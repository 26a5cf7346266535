import { limits, type OpenclawResult, type Usage } from '@skyclaw/protocol'
import type { ProcessEnd } from './process.ts'

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

/** What a process's end means for its attempt. */
export function resultOf(end: ProcessEnd, timeoutMs: number): RunResult {
  const { stdout, stderr, durationMs } = end
  const output = { stdout, stderr, durationMs, ...(end.interrupted && { interrupted: true }) }
  if (end.timedOut) {
    return { ...output, success: false, exitCode: 124, timedOut: true, error: `timed out after ${timeoutMs} ms` }
  }
  if (end.signal !== undefined) {
    return { ...output, success: false, exitCode: end.exitCode, signal: end.signal, error: `ended by ${end.signal}` }
  }
  if (end.exitCode === 0) return { ...output, success: true, exitCode: 0 }
  return {
    ...output,
    success: false,
    exitCode: end.exitCode,
    error: shorten(end.error ?? `exited with code ${end.exitCode}`),
  }
}

export function shorten(text: string): string {
  return text.length <= limits.errorChars ? text : `${text.slice(0, limits.errorChars - 1)}…`
}
