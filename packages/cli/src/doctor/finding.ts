/** What is looked at. */
export type CheckName =
  | 'coordinators'
  | 'token'
  | 'members'
  | 'links'
  | 'urls'
  | 'minimum'
  | 'lag'
  | 'records'
  | 'orphans'
  | 'twins'
  | 'names'
  | 'clocks'
  | 'versions'
  | 'work'

/** What one check says of one thing. */
export interface Finding {
  readonly check: CheckName
  /** `note`: worth knowing, nothing to do. */
  readonly level: 'ok' | 'note' | 'problem'
  /** A sentence without a full stop. */
  readonly message: string
  /** What to do. Every problem has one. */
  readonly remedy?: string
}

export function ok(check: CheckName, message: string): Finding {
  return { check, level: 'ok', message }
}

export function note(check: CheckName, message: string, remedy?: string): Finding {
  return { check, level: 'note', message, ...(remedy !== undefined && { remedy }) }
}

export function problemOf(check: CheckName, message: string, remedy: string): Finding {
  return { check, level: 'problem', message, remedy }
}
