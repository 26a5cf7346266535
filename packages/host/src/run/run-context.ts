import { stat } from 'node:fs/promises'
import path from 'node:path'
import { buildEnvironment, type Environment } from './environment.ts'
import type { CommandPolicy } from './policy.ts'
import { type ProcessSpec, runProcess } from './process.ts'
import { refused, resultOf, type RunResult } from './result.ts'

/** What an attempt needs of its host. */
export interface RunContext {
  policy: CommandPolicy
  /** The host's own environment, of which jobs get a short list. */
  environment: Readonly<Record<string, string | undefined>>
  inheritEnv: readonly string[]
  timeoutMs: number
  killGraceMs: number
  maxOutputBytes: number
}

export interface Command {
  file: string
  args: readonly string[]
  stdin?: string
  timeoutMs: number
}

/** Runs a permitted command in the job's folder and environment; refuses with 126 what these do not allow. */
export async function runCommand(
  context: RunContext,
  payload: { cwd?: string; env?: Environment },
  command: Command,
  signal: AbortSignal,
): Promise<RunResult> {
  const environment = buildEnvironment(context.environment, context.inheritEnv, payload.env)
  if ('refused' in environment) {
    return refused(126, `the job may not set the environment variable ${environment.refused} on this host`)
  }
  const cwd = path.resolve(payload.cwd ?? '.')
  const problem = await folderProblem(cwd)
  if (problem !== undefined) return refused(126, problem)
  const { killGraceMs, maxOutputBytes } = context
  const spec: ProcessSpec = { ...command, cwd, env: environment.env, killGraceMs, maxOutputBytes, signal }
  return resultOf(await runProcess(spec), command.timeoutMs)
}

async function folderProblem(cwd: string): Promise<string | undefined> {
  const shown = JSON.stringify(cwd.slice(0, 200))
  try {
    return (await stat(cwd)).isDirectory() ? undefined : `the working directory ${shown} is not a folder on this host`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return `the working directory ${shown} does not exist on this host`
    return `the working directory ${shown} cannot be used on this host (${code ?? 'unknown error'})`
  }
}
