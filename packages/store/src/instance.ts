import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { meta } from './schema/meta.ts'
import type { tables } from './tables.ts'

const instanceKey = 'instance'
export const turnKey = 'turn'

/**
 * The identity of a database: a UUID made with it, not the configured name of its coordinator. A database without one (a new
 * one, or a backup, which carries none) gets one, and its turn counter starts at 0 unless it has one.
 */
export function ensureInstance(db: BetterSQLite3Database<typeof tables>): string {
  return db.transaction(
    (tx) => {
      const rows = [
        { key: instanceKey, value: randomUUID() },
        { key: turnKey, value: '0' },
      ]
      tx.insert(meta).values(rows).onConflictDoNothing().run()
      return tx.select().from(meta).where(eq(meta.key, instanceKey)).get()!.value
    },
    { behavior: 'immediate' },
  )
}
