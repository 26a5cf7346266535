import type { ShellPayload } from '@skyclaw/protocol'
import { refused, type RunResult } from './result.ts'
import { runCommand, type RunContext } from './run-context.ts'

/** Runs a shell job's command, when the allowlist has it. */
export async function runShell(context: RunContext, payload: ShellPayload, signal: AbortSignal): Promise<RunResult> {
  const resolution = context.policy.resolve(payload.command)
  if ('reason' in resolution) return refused(resolution.exitCode, resolution.reason)
  const command = {
    file: resolution.file,
    args: payload.args ?? [],
    timeoutMs: payload.timeoutMs ?? context.timeoutMs,
    ...(payload.stdin !== undefined && { stdin: payload.stdin }),
  }
  return runCommand(context, payload, command, signal)
}
