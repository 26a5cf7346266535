import { expect, test } from 'vitest'
import { openStore } from '../open.ts'
import { prepareAnswers } from './answers.ts'
import { prepareDueRecords, prepareNextRunAt, preparePromoteDue } from './due-records.ts'
import { prepareCounters } from './counters.ts'
import { prepareDropRecord } from './drop-record.ts'
import { prepareDropRegister } from './drop-register.ts'
import { prepareFindKeysByBase, prepareFindKeysByTag, prepareListKeysBetween } from './find-keys.ts'
import { prepareGetRecord } from './get-record.ts'
import { prepareGetRegister } from './get-register.ts'
import { prepareGetStanding } from './get-standing.ts'
import { prepareListChangeable } from './list-changeable.ts'
import { prepareListRecords } from './list-records.ts'
import { prepareListUnlearned } from './list-unlearned.ts'
import { prepareMembers } from './members.ts'
import { preparePruneRecords } from './prune-records.ts'
import { preparePruneRegisters } from './prune-registers.ts'
import { preparePutPromise } from './put-promise.ts'
import { preparePutRecord } from './put-record.ts'
import { preparePutRegister } from './put-register.ts'
import { prepareReadFeed, prepareReadFeedHeads, prepareSaveFeedSeq, readCounters } from './read-feed.ts'

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
    prepareCounters,
    prepareDropRecord,
    prepareDropRegister,
    prepareDueRecords,
    prepareFindKeysByBase,
    prepareFindKeysByTag,
    prepareListKeysBetween,
    prepareNextRunAt,
    preparePromoteDue,
    prepareGetRecord,
    prepareGetRegister,
    prepareGetStanding,
    prepareListChangeable,
    prepareListRecords,
    prepareListUnlearned,
    prepareMembers,
    preparePruneRecords,
    preparePruneRegisters,
    preparePutPromise,
    preparePutRecord,
    preparePutRegister,
    prepareReadFeed,
    prepareReadFeedHeads,
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
  expect(plans.length).toBeGreaterThan(30)
  expect(plans.filter(({ plan }) => plan.some((step) => /SCAN|TEMP B-TREE/.test(step)))).toEqual([])
})

test('the head of a queue is read from the index alone', () => {
  const due = explain().filter(({ plan }) => plan.some((step) => step.includes('records_due')))
  expect(due.map(({ plan }) => plan)).toEqual([['SEARCH records USING COVERING INDEX records_due (requirement_key=?)']])
})

test('what the mesh looks through again and again is read from an index that holds nothing else', () => {
  const plans = explain().map(({ plan }) => plan.join('; '))
  const used = (index: string) => plans.filter((plan) => plan.includes(index))
  expect(used('records_changeable')).toEqual(['SEARCH records USING INDEX records_changeable (key>?)'])
  expect(used('registers_unlearned')).toEqual(['SEARCH registers USING COVERING INDEX registers_unlearned (key>?)'])
  expect(used('registers_promised')).toEqual([expect.stringContaining('registers_promised (touched_at<?)')])
  expect(used('records_tag')).toEqual(['SEARCH records USING COVERING INDEX records_tag (tag=?)'])
  expect(used('registers_tag')).toEqual(['SEARCH registers USING COVERING INDEX registers_tag (tag=?)'])
})

test('no value that is bound has a statement planned anew', () => {
  const statements = explain().map(({ sql }) => sql)
  expect(statements.filter((sql) => /limit \?(?! \+ 0)/.test(sql))).toEqual([])
  expect(statements.filter((sql) => /^select .*[^<>]= \?.* order by /.test(sql))).toEqual([])
})
