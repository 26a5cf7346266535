import { admit, type Surroundings } from './admit.ts'
import type { Environment } from './environment.ts'
import type { Permit } from './permit.ts'
import { runProcess } from './process.ts'
import { findPrlimit } from './processes/open-files.ts'
import { marker } from './processes/proc.ts'
import { Secrets } from './redact.ts'
import { refused, resultOf, type RunResult } from './result.ts'
import type { AttemptRun, RunContext } from './run-context.ts'

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

/** Runs a permitted command in the job's folder and environment; refuses with 126 what these do not allow. */
export async function runCommand(
  context: RunContext,
  surroundings: Surroundings,
  command: PermittedCommand,
  attempt: AttemptRun,
): Promise<RunResult> {
  const { tag, signal, output, onStart } = attempt
  const admitted = await admit(context, command.permit, surroundings)
  if ('reason' in admitted) return refused(admitted.exitCode, admitted.reason)
  const { executable, folder, env, limits } = admitted
  try {
    const contained = await context.sandbox.contain({
      executable,
      folder,
      args: command.args,
      // First, where it is soon found; and nobody else's value counts.
      env: Object.assign({ [marker]: tag }, env, command.env, { [marker]: tag }),
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
      dir: context.dir,
      contained,
      executable,
      tag,
      stdin: command.stdin,
      timeoutMs,
      killGraceMs,
      maxOutputBytes,
      limits,
      secrets: new Secrets(Object.values(surroundings.secretEnv ?? {})),
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
    admitted.close()
  }
}
