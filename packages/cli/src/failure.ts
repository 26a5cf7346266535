import { ProblemResponseError, UnreachableError } from '@skyclaw/client'
import { UsageError } from './arguments/usage-error.ts'
import { BackupError } from './backup/format.ts'
import type { Io } from './io.ts'
import { SettingError } from './settings/settings.ts'

export interface Failure {
  /** One line that says what to do next. */
  readonly message: string
  /** Whether the command line was wrong. */
  readonly usage: boolean
}

/** What a person is told about an error. */
export function describeFailure(error: unknown, io: Io): Failure {
  if (error instanceof UsageError) return { message: error.message, usage: true }
  if (error instanceof SettingError) return { message: error.message, usage: error.fromFlag }
  return { message: explain(error, io), usage: false }
}

function explain(error: unknown, io: Io): string {
  const { program } = io
  if (error instanceof BackupError && error.cause !== undefined) return `${error.message}: ${explain(error.cause, io)}`
  if (error instanceof UnreachableError) {
    return `${error.message}; start one with "${program} up", or name yours with --url or SKYCLAW_COORDINATOR_URL`
  }
  if (error instanceof ProblemResponseError) {
    if (error.code === 'unauthorized')
      return 'the coordinator refused the token: set SKYCLAW_TOKEN or --token to its own'
    const aboutMember = explainMember(error, program)
    if (aboutMember !== undefined) return aboutMember
    if (error.code === 'not_found') {
      const named = /\bjob\b/.test(error.message)
      const next = named ? `"${program} jobs list" shows what there is` : `is ${error.url} the URL of a coordinator?`
      return `${error.message}; ${next}`
    }
    if (error.code === 'insufficient_replicas' || error.code === 'quorum_unreachable') {
      const next = `"${program} doctor" says what is missing`
      // The last answer speaks of the last try only.
      const earlier = error.outcomeUnknown && error.problem.outcome !== 'unknown'
      return earlier
        ? `${error.message} at the last try, but an earlier one may have been carried out; ${next}`
        : `${error.message}; ${next}`
    }
    return error.message
  }
  return error instanceof Error ? error.message : String(error)
}

/** What to do about a coordinator that cannot be forgotten. */
function explainMember({ code, field, message }: ProblemResponseError, program: string): string | undefined {
  const shown = `"${program} peers list" shows them`
  if (code === 'records_at_risk') return `${message}; to accept it: "${program} peers forget NODE --accept-loss"`
  if (code === 'member_alive') return `${message}; only who is gone can be forgotten, ${shown}`
  const named = field === 'node' && (code === 'not_found' || code === 'invalid_request')
  return named ? `${message}; ${shown}` : undefined
}
