/**
 * Placeholders of statements that run often. When it plans a statement, SQLite looks at the value of a placeholder that stands alone after
 * LIMIT, or is compared with a column in a statement that has an ORDER BY; so it plans anew each time another value is bound, which takes
 * longer than most of these queries do. A placeholder in an expression has no value while it is planned.
 */
import type { Placeholder, SQL } from 'drizzle-orm'
import { sql } from '../drizzle.ts'

/** For `limit()`. */
export const boundLimit = sql`${sql.placeholder('limit')} + 0` as unknown as Placeholder<'limit', number>

/** For `eq()` in a statement that has an ORDER BY. */
export function bound(name: string): SQL {
  return sql`+${sql.placeholder(name)}`
}
