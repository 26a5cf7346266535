import { and, asc, eq, gt, inArray, lte, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { answers } from '../schema/answers.ts'
import { boundLimit } from './bound.ts'

export type AnswerRow = typeof answers.$inferSelect

/** First answers to requests with an idempotency key. */
export function prepareAnswers(db: StoreDatabase) {
  const key = sql.placeholder('key')
  const now = sql.placeholder('now')
  const get = db
    .select()
    .from(answers)
    .where(and(eq(answers.key, key), gt(answers.expiresAt, now)))
    .prepare()
  const put = db
    .insert(answers)
    .values({
      key,
      bodyHash: sql.placeholder('bodyHash'),
      answer: sql.placeholder('answer'),
      expiresAt: sql.placeholder('expiresAt'),
    })
    .onConflictDoUpdate({
      target: answers.key,
      set: { bodyHash: sql`excluded.body_hash`, answer: sql`excluded.answer`, expiresAt: sql`excluded.expires_at` },
    })
    .prepare()
  const expired = db
    .select({ key: answers.key })
    .from(answers)
    .where(lte(answers.expiresAt, now))
    .orderBy(asc(answers.expiresAt))
    .limit(boundLimit)
  const prune = db.delete(answers).where(inArray(answers.key, expired)).prepare()
  return {
    /** The answer kept under a key that has not expired. */
    get: (row: { key: string; now: number }): AnswerRow | undefined => get.get(row),
    put: (row: AnswerRow): void => void put.run({ ...row }),
    /** Deletes expired answers; says how many. */
    prune: (row: { now: number; limit: number }): number => prune.run(row).changes,
  }
}
