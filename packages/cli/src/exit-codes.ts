import { constants } from 'node:os'
import type { Job } from '@skyclaw/protocol'

/** The exit codes of skyclaw itself; `run` and `jobs wait` pass on the job's own besides. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  timedOut: 124,
  /** Of `run` and `jobs wait`: skyclaw failed, not the job. */
  skyclaw: 125,
  cancelled: 130,
} as const

/**
 * The exit code that stands for a job that has ended: its own; 128 + n when a signal ended it; 124 when it timed out; 130 when it
 * was cancelled; 125 when there is no outcome of its own, as when its hosts were lost.
 */
export function exitCodeOf(job: Job): number {
  if (job.status === 'cancelled') return exitCodes.cancelled
  const code = ownExitCode(job)
  if (job.status === 'completed') return code ?? exitCodes.ok
  const outcome = job.attemptHistory.at(-1)?.outcome
  if (outcome === 'timed_out') return exitCodes.timedOut
  if (outcome === 'lease_lost' || outcome === 'drained' || outcome === 'cancelled') return exitCodes.skyclaw
  // A failure must not look like success, whatever number came with it.
  return code || exitCodes.skyclaw
}

function ownExitCode({ result }: Job): number | undefined {
  if (!result) return undefined
  const signal = constants.signals[result.signal as NodeJS.Signals]
  if (result.exitCode === null) return signal === undefined ? undefined : 128 + signal
  // A process can pass on eight bits only, and a code that is not zero must stay so.
  if (result.exitCode >= 0 && result.exitCode <= 255) return result.exitCode
  return result.exitCode & 0xff || 1
}
