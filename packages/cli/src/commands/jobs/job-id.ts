import { checked } from '../../arguments/values.ts'
import type { Context } from '../../command.ts'
import { id } from '../../settings/checks.ts'

/** The id that the command line names. Throws a UsageError for what can be none. */
export function jobId({ positionals }: Pick<Context, 'positionals'>): string {
  return checked('the id of a job', positionals[0] ?? '', id)
}
