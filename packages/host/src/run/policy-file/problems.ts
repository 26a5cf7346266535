import { HostError } from '../../errors.ts'

/** A policy file cannot be used. Each problem names file, line and column, and says what would be right. */
export class PolicyFileError extends HostError {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const [first = '', ...more] = problems
    super('invalid_option', more.length === 0 ? first : `${first} (and ${more.length} more)`)
    this.problems = problems
  }
}

/** More than these tell nothing more. */
export const maxProblems = 20
