import type { OpenclawPayload } from '@skyclaw/protocol'
import { permitOf } from './policy.ts'
import { refused, type RunResult, shorten } from './result.ts'
import { type PermittedCommand, runCommand } from './run-command.ts'
import type { AttemptRun, RunContext } from './run-context.ts'

/** OpenClaw's `--timeout` does not count its cold start: the limit from outside leaves it this much more. */
const outerSlackMs = 30_000

/** Runs OpenClaw: with `args` exactly those, with `message` one headless agent turn that reads the message from stdin. */
export async function runOpenclaw(
  context: RunContext,
  payload: OpenclawPayload,
  attempt: AttemptRun,
): Promise<RunResult> {
  const permit = permitOf(context.policy.openclaw)
  if ('reason' in permit) return refused(permit.exitCode, permit.reason)
  const timeoutMs = payload.timeoutMs ?? context.defaults.timeoutMs
  if (payload.message === undefined) {
    const command = { permit, args: payload.args ?? [], timeoutMs }
    return withOwnError(await runCommand(context, payload, command, attempt))
  }
  // A value that looks like an option might be taken for one.
  const name = (['model', 'thinking', 'stateDir'] as const).find((field) => payload[field]?.startsWith('-'))
  if (name) return refused(126, `payload.${name} must not start with a dash`)
  const command: PermittedCommand = {
    permit,
    args: agentArgs(payload, timeoutMs),
    stdin: payload.message,
    timeoutMs: timeoutMs + outerSlackMs,
  }
  return withOwnError(await runCommand(context, payload, command, attempt))
}

/** The arguments of a headless turn. */
function agentArgs(payload: OpenclawPayload, timeoutMs: number): string[] {
  const { cwd, model, thinking, stateDir } = payload
  return [
    'agent',
    'exec',
    '--json',
    '--message-file',
    '-',
    '--timeout',
    String(Math.ceil(timeoutMs / 1_000)),
    ...(cwd === undefined ? [] : ['--cwd', cwd]),
    ...(model === undefined ? [] : ['--model', model]),
    ...(thinking === undefined ? [] : ['--thinking', thinking]),
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
  ]
}

/** What OpenClaw says of a failure tells more than its exit code. */
function withOwnError(result: RunResult): RunResult {
  if (result.success || result.timedOut === true || result.signal !== undefined) return result
  const error = ownError(result.stdout)
  return error === undefined ? result : { ...result, error: shorten(error) }
}

function ownError(stdout: string): string | undefined {
  try {
    const { error } = JSON.parse(stdout) as { error?: string | { message?: unknown } }
    const message = typeof error === 'string' ? error : error?.message
    return typeof message === 'string' && message.trim() !== '' ? message.trim() : undefined
  } catch {
    return undefined
  }
}
