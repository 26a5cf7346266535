import { randomUUID } from 'node:crypto'
import { eq, inArray, isNotNull, sql } from './drizzle.ts'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import type { Store } from './open.ts'
import { meta } from './schema/meta.ts'
import { records } from './schema/records.ts'
import { registers } from './schema/registers.ts'
import type { tables } from './tables.ts'

type Database = BetterSQLite3Database<typeof tables>

const instanceKey = 'instance'
export const turnKey = 'turn'

/**
 * The identity of a database: a UUID made with it, not the configured name of its coordinator. A database without one (a new
 * one, or a backup, which carries none) gets one, and its turn counter starts at 0 unless it has one.
 */
export function ensureInstance(db: Database): string {
  return db.transaction(
    (tx) => {
      tx.insert(meta).values({ key: turnKey, value: '0' }).onConflictDoNothing().run()
      return tx.select().from(meta).where(eq(meta.key, instanceKey)).get()?.value ?? nameAnew(tx)
    },
    { behavior: 'immediate' },
  )
}

/**
 * Makes a database a new instance, when it turns out to be the copy of another: a coordinator that forgot what it promised must never
 * answer under its old identity. So does one that the others were told to forget. Registers go, since what was promised in them was promised by the other; known values stay. It has
 * to catch up again before it counts as a replica.
 *
 * @returns the store under its new instance id; the one passed in still shows the old one and is not to be used any more
 */
export function renewInstance(store: Store): Store {
  const instanceId = store.db.transaction((tx) => nameAnew(tx), { behavior: 'immediate' })
  store.sync()
  return { ...store, instanceId }
}

function nameAnew(tx: Pick<Database, 'insert' | 'delete' | 'update'>): string {
  const instance = randomUUID()
  tx.insert(meta)
    .values({ key: instanceKey, value: instance })
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } })
    .run()
  tx.delete(meta)
    .where(inArray(meta.key, ['bootstrapped', 'forgotten']))
    .run()
  tx.delete(registers).run()
  tx.update(records).set({ promisedN: null, promisedNode: null }).where(isNotNull(records.promisedN)).run()
  return instance
}
