import { expect, test } from 'vitest'
import { openStore } from '../open.ts'
import { prepareAnswers } from './answers.ts'
import { prepareDueRecords, prepareNextRunAt, preparePromoteDue } from './due-records.ts'
import { prepareGetRecord } from './get-record.ts'
import { prepareListRecords } from './list-records.ts'
import { preparePruneRecords } from './prune-records.ts'
import { preparePutRecord } from './put-record.ts'
import { prepareReadFeed, prepareSaveFeedSeq, readCounters } from './read-feed.ts'

/** Prepares all statements that run while the coordinator works, and answers how SQLite would run each. */
function explain(): { sql: string; plan: string[] }[] {
  const store = openStore({ path: ':memory:' })
  const { db, sqlite } = store
  const prepare = sqlite.prepare.bind(sqlite)
  const statements: string[] = []
  sqlite.prepare = (sql: string) => {
    statements.push(sql)
    return prepare(sql)
  }
  const all = [
    prepareAnswers,
    prepareDueRecords,
    prepareNextRunAt,
    preparePromoteDue,
    prepareGetRecord,
    prepareListRecords,
    preparePruneRecords,
    preparePutRecord,
    prepareReadFeed,
    prepareSaveFeedSeq,
    readCounters,
  ]
  for (const query of all) query(db)
  const plans = statements.map((sql) => {
    const steps = prepare(`explain query plan ${sql.replaceAll('?', '1')}`).all() as { detail: string }[]
    return { sql, plan: steps.map(({ detail }) => detail) }
  })
  store.close()
  return plans
}

test('no query of a working coordinator reads a whole table or sorts: each has an index in its order', () => {
  const plans = explain()
  expect(plans.length).toBeGreaterThan(12)
  expect(plans.filter(({ plan }) => plan.some((step) => /SCAN|TEMP B-TREE/.test(step)))).toEqual([])
})

test('the head of a queue is read from the index alone', () => {
  const due = explain().filter(({ plan }) => plan.some((step) => step.includes('records_due')))
  expect(due.map(({ plan }) => plan)).toEqual([['SEARCH records USING COVERING INDEX records_due (requirement_key=?)']])
})
