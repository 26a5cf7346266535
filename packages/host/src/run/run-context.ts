import type { Logger } from 'pino'
import type { AttemptOutput } from './attempt-output.ts'
import type { JobLimits, Sandbox } from './launch.ts'
import type { CommandPolicy } from './policy.ts'
import type { ProcessIdentity } from './processes/proc.ts'

/** What an attempt needs of its host. */
export interface RunContext {
  readonly policy: CommandPolicy
  readonly sandbox: Sandbox
  /** The host's own environment, of which jobs get a short list. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly inheritEnv: readonly string[]
  /** Folders in or below which jobs may work, as the host's settings have them; none: anywhere. */
  readonly workRoots: readonly string[]
  readonly defaults: RunDefaults
  /** The host's folder. */
  readonly dir: string
  readonly log: Logger
}

export interface RunDefaults {
  /** Milliseconds that an attempt may take when its job does not say. */
  readonly timeoutMs: number
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly killGraceMs: number
  /** Bytes kept of stdout and of stderr. */
  readonly maxOutputBytes: number
  /** Bounds of every job; a rule of the policy may make them narrower. */
  readonly limits: JobLimits
}

/** Which attempt is run, and how it is tied to the host. */
export interface AttemptRun {
  readonly jobId: string
  readonly attempt: number
  /** Its name on this machine: letters, digits and dashes, unique. Its processes carry it as SKYCLAW_ATTEMPT. */
  readonly tag: string
  /** Ends it when aborted. */
  readonly signal: AbortSignal
  /** Gets the output as it comes. */
  readonly output?: AttemptOutput
  /** Told of the process as soon as it is started. */
  readonly onStart?: (identity: ProcessIdentity) => void
}
