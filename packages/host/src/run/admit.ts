import { buildEnvironment, type Environment } from './environment.ts'
import type { JobLimits, OpenExecutable, OpenFolder } from './launch.ts'
import type { Permit, Refusal } from './permit.ts'
import type { RunContext } from './run-context.ts'
import { openWorkingFolder } from './working-folder.ts'

/** What of a payload decides where and with what its command runs. */
export interface Surroundings {
  readonly cwd?: string
  readonly env?: Environment
  readonly secretEnv?: Environment
}

/** A command that may run, with all that was opened for it. */
export interface Admitted {
  readonly folder: OpenFolder
  readonly executable: OpenExecutable
  readonly env: Environment
  /** The narrower of what the host and the rule say, one by one. */
  readonly limits: JobLimits
  close(): void
}

/** What of a host decides whether a permitted command runs. */
export type Admitting = Pick<RunContext, 'environment' | 'inheritEnv' | 'workRoots'> & {
  readonly defaults: Pick<RunContext['defaults'], 'limits'>
}

/** Opens folder and file of a permitted command and makes its environment; or says what of these the host does not allow. */
export async function admit(
  { environment, inheritEnv, workRoots, defaults }: Admitting,
  permit: Permit,
  { cwd, env, secretEnv }: Surroundings,
): Promise<Admitted | Refusal> {
  const folder = await openWorkingFolder(cwd, { host: workRoots, rule: permit.roots })
  if ('reason' in folder) return folder
  const rules = { allows: (name: string) => permit.allowsEnv(name), folder: folder.path }
  const built = buildEnvironment(environment, inheritEnv, { ...env, ...secretEnv }, rules)
  if ('refused' in built) {
    folder.close()
    return { exitCode: 126, reason: `the job may not set the environment variable ${built.refused} on this host` }
  }
  const executable = await permit.open()
  if ('reason' in executable) {
    folder.close()
    return executable
  }
  const close = () => {
    executable.close()
    folder.close()
  }
  return { folder, executable, env: built.env, limits: narrower(defaults.limits, permit.limits), close }
}

function narrower(one: JobLimits, other: JobLimits): JobLimits {
  const limits: { -readonly [Name in keyof JobLimits]: number } = { ...one }
  for (const [name, value] of Object.entries(other) as [keyof JobLimits, number | undefined][]) {
    if (value !== undefined) limits[name] = Math.min(value, limits[name] ?? Infinity)
  }
  return limits
}
