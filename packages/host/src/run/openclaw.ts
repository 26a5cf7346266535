import path from 'node:path'
import type { OpenclawPayload } from '@skyclaw/protocol'
import { messageOf } from '../retry.ts'
import { CollectedOutput } from './collected-output.ts'
import { compileCacheFolder, makeTempFolder } from './job-temp-folder.ts'
import { findAnswer } from './openclaw-answer.ts'
import { readAnswer } from './openclaw-result.ts'
import { Secrets } from './redact.ts'
import { refused, type RunResult, shorten } from './result.ts'
import { type PermittedCommand, runCommand } from './run-command.ts'
import type { AttemptRun, RunContext } from './run-context.ts'

/*
 * OpenClaw leaves folders in the temporary directory when it is ended, and its tools may leave anything: each attempt has a temporary
 * directory of its own, removed when all its processes have ended. A sandbox has one already.
 */

/** OpenClaw's `--timeout` does not count its cold start: the limit from outside leaves it this much more. */
const outerSlackMs = 30_000
/** Of stdout, to find the answer in. */
const maxAnswerBytes = 1_048_576
/** Variables by which the temporary directory is known on any system. */
const tempVariables = ['TMPDIR', 'TMP', 'TEMP'] as const

/** Runs OpenClaw: with `args` exactly those, with `message` one headless agent turn that reads the message from stdin. */
export async function runOpenclaw(
  context: RunContext,
  payload: OpenclawPayload,
  attempt: AttemptRun,
): Promise<RunResult> {
  const permit = context.policy.openclaw
  if ('reason' in permit) return refused(permit.exitCode, permit.reason)
  const timeoutMs = Math.min(
    payload.timeoutMs ?? context.defaults.timeoutMs,
    permit.limits.timeoutMs ?? Infinity,
    context.defaults.limits.timeoutMs ?? Infinity,
  )
  if (payload.message === undefined) {
    const result = await runInTempFolder(context, payload, { permit, args: payload.args ?? [], timeoutMs }, attempt)
    return withOwnError(result)
  }
  // A value that looks like an option might be taken for one.
  const name = (['model', 'thinking', 'stateDir'] as const).find((field) => payload[field]?.startsWith('-'))
  if (name) return refused(126, `payload.${name} must not start with a dash`)
  const command: PermittedCommand = {
    permit,
    args: agentArgs(payload, timeoutMs, context.workRoots.length + permit.roots.length > 0),
    stdin: payload.message,
    timeoutMs: timeoutMs + outerSlackMs,
  }
  const stdout = new CollectedOutput(attempt.output, maxAnswerBytes)
  const result = await runInTempFolder(context, payload, command, { ...attempt, output: stdout })
  const secrets = new Secrets(Object.values(payload.secretEnv ?? {}))
  return secrets.value(withAnswer(result, stdout, context.defaults.maxOutputBytes))
}

/** The arguments of a headless turn. It works in the folder it is started in. */
function agentArgs(payload: OpenclawPayload, timeoutMs: number, hasRoots: boolean): string[] {
  const { cwd, model, thinking, stateDir } = payload
  return [
    'agent',
    'exec',
    '--json',
    '--message-file',
    '-',
    '--timeout',
    String(Math.ceil(timeoutMs / 1_000)),
    // It is entered already: by its path a relative one would be looked for in itself, and any other might lead elsewhere by now.
    ...(cwd === undefined ? [] : ['--cwd', path.isAbsolute(cwd) && !hasRoots ? cwd : '.']),
    ...(model === undefined ? [] : ['--model', model]),
    ...(thinking === undefined ? [] : ['--thinking', thinking]),
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
  ]
}

async function runInTempFolder(
  context: RunContext,
  payload: OpenclawPayload,
  command: PermittedCommand,
  attempt: AttemptRun,
): Promise<RunResult> {
  if (context.sandbox.kind !== 'none') return runCommand(context, payload, command, attempt)
  const set = { ...payload.env, ...payload.secretEnv }
  const chosen = tempVariables.find((name) => Object.hasOwn(set, name))
  if (chosen !== undefined) {
    return refused(126, `an OpenClaw job may not set ${chosen}: it has a temporary directory of its own`)
  }
  const folder = await makeTempFolder(context.dir, attempt.tag, context.environment['TMPDIR'])
  try {
    const env: Record<string, string> = Object.fromEntries(tempVariables.map((name) => [name, folder.path]))
    const hasCache = Object.hasOwn(set, 'NODE_COMPILE_CACHE') || context.inheritEnv.includes('NODE_COMPILE_CACHE')
    if (!hasCache) env['NODE_COMPILE_CACHE'] = await compileCacheFolder(context.dir)
    return await runCommand(context, payload, { ...command, env }, attempt)
  } finally {
    await folder.remove().catch((error: unknown) => {
      const { jobId, attempt: number } = attempt
      context.log.warn({ jobId, attempt: number, reason: messageOf(error) }, 'a temporary folder could not be removed')
    })
  }
}

/** What OpenClaw says of a failure tells more than its exit code. */
function withOwnError(result: RunResult): RunResult {
  if (result.success || wasEnded(result)) return result
  const answer = findAnswer(result.stdout)
  const error = answer?.whole === true ? readAnswer(answer.members, 0).error : undefined
  return error === undefined ? result : { ...result, error }
}

/** The result of a turn with what OpenClaw answered. A turn without a whole answer has failed. */
function withAnswer(result: RunResult, stdout: CollectedOutput, maxFinalBytes: number): RunResult {
  const answer = findAnswer(stdout.text)
  if (!answer) return withoutAnswer(result)
  const { openclaw, ok, timedOut, error } = readAnswer(answer.members, maxFinalBytes)
  const answered = { ...result, openclaw }
  const cut = stdout.isCut
    ? `its answer is longer than ${maxAnswerBytes} bytes`
    : `its answer (JSON on stdout) is cut off after ${stdout.bytes} bytes`
  if (wasEnded(result)) return answer.whole ? answered : failed(answered, cut)
  if (timedOut && !result.success) {
    return { ...answered, exitCode: 124, timedOut: true, error: error ?? 'OpenClaw timed out' }
  }
  // Of an answer that is only too long for this host the beginning is enough, in which it says how the turn ended.
  if (!answer.whole && !(stdout.isCut && ok !== undefined)) return failed(answered, cut)
  if (result.success && ok !== false) return answered
  const reason = error ?? (result.success ? `OpenClaw answered with status ${openclaw.status ?? 'unknown'}` : undefined)
  return reason === undefined ? answered : { ...answered, success: false, error: reason }
}

function withoutAnswer(result: RunResult): RunResult {
  if (wasEnded(result)) return result
  if (result.success) return failed(result, 'its stdout holds no answer (a JSON object)')
  // OpenClaw takes SIGTERM, and ends by itself, without a word.
  return result.exitCode === 143 ? failed(result, 'it was sent SIGTERM before it had an answer') : result
}

/** Whether it was ended from outside: then its own words are not the reason. */
function wasEnded({ timedOut, interrupted, signal }: RunResult): boolean {
  return timedOut === true || interrupted === true || signal !== undefined
}

function failed(result: RunResult, what: string): RunResult {
  const end = result.error ?? `exited with code ${result.exitCode}`
  return { ...result, success: false, error: shorten(`${end}; ${what}`) }
}
