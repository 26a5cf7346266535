import type { ShellPayload } from '@skyclaw/protocol'
import { refused, type RunResult } from './result.ts'
import { runCommand } from './run-command.ts'
import type { AttemptRun, RunContext } from './run-context.ts'

/** Runs a shell job's command, when the policy permits it. */
export async function runShell(context: RunContext, payload: ShellPayload, attempt: AttemptRun): Promise<RunResult> {
  const args = payload.args ?? []
  const permit = context.policy.decide({ command: payload.command, args })
  if ('reason' in permit) return refused(permit.exitCode, permit.reason)
  const command = {
    permit,
    args,
    timeoutMs: payload.timeoutMs ?? context.defaults.timeoutMs,
    ...(payload.stdin !== undefined && { stdin: payload.stdin }),
  }
  return runCommand(context, payload, command, attempt)
}
