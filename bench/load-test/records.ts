import { DatabaseSync } from 'node:sqlite'

/** The end of a job's id that tells it from its twins. */
const lineageChars = 8

export interface Counts {
  readonly queued: number
  readonly leased: number
  readonly completed: number
  /** Failed or cancelled. */
  readonly other: number
  /** Rows in which what this coordinator has promised and accepted waits. */
  readonly registers: number
  /** Pages of the file that hold nothing. */
  readonly freePages: number
}

/** What a coordinator's database says, read beside the coordinator. It reads through two indexes: every few seconds is often enough. */
export function readCounts(file: string): Counts {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database
      .prepare('select status, count(*) as n from records where status is not null group by status')
      .all() as { status: string; n: number }[]
    const of = (status: string) => rows.find((row) => row.status === status)?.n ?? 0
    const one = (sql: string) => Number(Object.values(database.prepare(sql).get()!)[0])
    return {
      queued: of('queued'),
      leased: of('leased'),
      completed: of('completed'),
      other: of('failed') + of('cancelled'),
      registers: one('select count(*) from registers'),
      freePages: one('pragma freelist_count'),
    }
  } finally {
    database.close()
  }
}

/** The status of each job that a coordinator knows, by the job's id. */
export function readStatuses(file: string): Map<string, string> {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const statuses = new Map<string, string>()
    const rows = database.prepare(`select value ->> 'id' as id, status from records where kind = 'job'`).iterate()
    for (const { id, status } of rows as Iterable<{ id: string; status: string }>) statuses.set(id, status)
    return statuses
  } finally {
    database.close()
  }
}

/** What the ids of a job and its twins begin with. */
export function baseOf(id: string): string {
  return id.slice(0, -lineageChars)
}

/** The values of a job and its twins, as JSON: what all records have that were made under one idempotency key. */
export function readTwins(file: string, id: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const base = `job:${baseOf(id)}`
    const rows = database.prepare('select value from records where key >= ? and key < ?').all(base, `${base}~`)
    return (rows as { value: string }[]).map(({ value }) => value)
  } finally {
    database.close()
  }
}
