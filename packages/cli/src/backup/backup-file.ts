import { UsageError } from '../arguments/usage-error.ts'
import type { Context } from '../command.ts'

/** The file that the command line names. Throws a UsageError for what names a stream: a backup is read twice, and named when it is whole. */
export function backupFile({ positionals }: Pick<Context, 'positionals'>): string {
  const [file = ''] = positionals
  if (file === '') throw new UsageError('the name of the file is empty')
  if (file === '-') throw new UsageError('it needs a file, not a stream')
  return file
}
