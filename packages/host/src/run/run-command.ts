import { buildEnvironment, type Environment } from './environment.ts'
import type { JobLimits } from './launch.ts'
import type { Permit } from './permit.ts'
import { runProcess } from './process.ts'
import { findPrlimit } from './processes/open-files.ts'
import { marker } from './processes/proc.ts'
import { Secrets } from './redact.ts'
import { refused, resultOf, type RunResult } from './result.ts'
import type { AttemptRun, RunContext } from './run-context.ts'
import { openWorkingFolder } from './working-folder.ts'

/** A command that the policy permits. */
export interface PermittedCommand {
  readonly permit: Permit
  readonly args: readonly string[]
  readonly stdin?: string
  /** Milliseconds; the permit may allow less. */
  readonly timeoutMs: number
  /** Variables that the host itself sets: they win over the job's. */
  readonly env?: Environment
}

/** What of a payload decides where and with what its command runs. */
export interface Surroundings {
  readonly cwd?: string
  readonly env?: Environment
  readonly secretEnv?: Environment
}

/** Runs a permitted command in the job's folder and environment; refuses with 126 what these do not allow. */
export async function runCommand(
  context: RunContext,
  { cwd, env, secretEnv }: Surroundings,
  command: PermittedCommand,
  attempt: AttemptRun,
): Promise<RunResult> {
  const { permit } = command
  const { tag, signal, output, onStart } = attempt
  const folder = await openWorkingFolder(cwd, { host: context.workRoots, rule: permit.roots })
  if ('reason' in folder) return refused(folder.exitCode, folder.reason)
  try {
    const environment = buildEnvironment(
      context.environment,
      context.inheritEnv,
      { ...env, ...secretEnv },
      { allows: (name) => permit.allowsEnv(name), folder: folder.path },
    )
    if ('refused' in environment) {
      return refused(126, `the job may not set the environment variable ${environment.refused} on this host`)
    }
    const executable = await permit.open()
    if ('reason' in executable) return refused(executable.exitCode, executable.reason)
    try {
      const limits = narrower(context.defaults.limits, permit.limits)
      const contained = await context.sandbox.contain({
        executable,
        folder,
        args: command.args,
        // First, where it is soon found; and nobody else's value counts.
        env: Object.assign({ [marker]: tag }, environment.env, command.env, { [marker]: tag }),
        limits,
        tag,
      })
      if ('reason' in contained) return refused(126, contained.reason)
      const { killGraceMs, maxOutputBytes } = context.defaults
      const timeoutMs = Math.min(command.timeoutMs, limits.timeoutMs ?? Infinity)
      const prlimit = contained.visible && limits.openFiles !== undefined ? findPrlimit() : undefined
      if (contained.visible && limits.openFiles !== undefined && prlimit === undefined) {
        await contained.end?.()
        return refused(126, 'open files cannot be limited on this host: it has no prlimit (package util-linux)')
      }
      const end = await runProcess({
        contained,
        executable,
        tag,
        stdin: command.stdin,
        timeoutMs,
        killGraceMs,
        maxOutputBytes,
        limits,
        secrets: new Secrets(Object.values(secretEnv ?? {})),
        output,
        prlimit,
        signal,
        onStart,
        log: context.log.child({ jobId: attempt.jobId, attempt: attempt.attempt }),
      })
      // What ended it is the reason then, however far its sandbox had got.
      const trouble = end.endedBy === undefined ? contained.trouble?.(end) : undefined
      return trouble === undefined ? resultOf(end, timeoutMs) : refused(126, trouble)
    } finally {
      executable.close()
    }
  } finally {
    folder.close()
  }
}

/** The narrower of both bounds, one by one. */
function narrower(one: JobLimits, other: JobLimits): JobLimits {
  const limits: { -readonly [Name in keyof JobLimits]: number } = { ...one }
  for (const [name, value] of Object.entries(other) as [keyof JobLimits, number | undefined][]) {
    if (value !== undefined) limits[name] = Math.min(value, limits[name] ?? Infinity)
  }
  return limits
}
