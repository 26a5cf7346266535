import type { JobLimits, OpenExecutable } from './launch.ts'

/** A command that may run here, under which rule, and within which bounds. */
export interface Permit {
  /** For people: `SKYCLAW_ALLOWED_COMMANDS`, or the policy file and line. */
  readonly rule: string
  /** Opens the file of the command as it was when the host started; a reason when it was replaced since, or is gone. */
  open(): Promise<OpenExecutable | Refusal>
  /** Folders in or below which it may work; none: anywhere. */
  readonly roots: readonly string[]
  readonly limits: JobLimits
  /** Whether the job may set this variable. */
  allowsEnv(name: string): boolean
}

/** Why a command does not run, with the exit code that a shell would give. */
export interface Refusal {
  readonly exitCode: 126 | 127
  readonly reason: string
}
