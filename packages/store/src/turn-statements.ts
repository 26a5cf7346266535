import type { Statement } from 'better-sqlite3'
import { eq, sql } from './drizzle.ts'
import { turnKey } from './instance.ts'
import type { Store } from './open.ts'
import { meta } from './schema/meta.ts'

export interface TurnStatements {
  readonly begin: Statement
  readonly commit: Statement
  readonly rollback: Statement
  /** Rows that were written since the database was opened. */
  readonly changes: Statement
  readNumber(): number
  writeNumber(number: number): void
}

/** What a turn asks of the database itself. */
export function prepareTurnStatements({ sqlite, db }: Store): TurnStatements {
  const ofTurn = eq(meta.key, turnKey)
  const read = db.select({ value: meta.value }).from(meta).where(ofTurn).prepare()
  const value = sql`${sql.placeholder('value')}`
  const write = db.update(meta).set({ value }).where(ofTurn).prepare()
  return {
    begin: sqlite.prepare('BEGIN IMMEDIATE'),
    commit: sqlite.prepare('COMMIT'),
    rollback: sqlite.prepare('ROLLBACK'),
    changes: sqlite.prepare('select total_changes()').pluck(),
    readNumber: () => Number(read.get()!.value),
    writeNumber: (number: number) => void write.run({ value: String(number) }),
  }
}
