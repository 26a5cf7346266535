import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { meta } from '../schema/meta.ts'

/**
 * Numbers that outlive the process: the mesh's `ballot` and `bootstrapped`; the `incarnation` that the coordinator gave itself last; whether
 * it ever had another one beside it (`peered`), and whether this instance was `forgotten` by the others (1 or 0).
 */
export type CounterName = 'ballot' | 'bootstrapped' | 'incarnation' | 'peered' | 'forgotten'

/** Counters that outlive the process. */
export function prepareCounters(db: StoreDatabase) {
  const key = sql.placeholder('key')
  const read = db.select({ value: meta.value }).from(meta).where(eq(meta.key, key)).prepare()
  const save = db
    .insert(meta)
    .values({ key, value: sql.placeholder('value') })
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } })
    .prepare()
  return {
    /** The number that was saved, or 0. */
    read: (name: CounterName): number => Number(read.get({ key: name })?.value ?? 0),
    save: (name: CounterName, value: number): void => void save.run({ key: name, value: String(value) }),
  }
}
