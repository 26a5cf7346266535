export { StoreError, type StoreErrorCode, storeErrorCodes, TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
export type { Checked } from './integrity.ts'
export { openStore, type Store, type StoreDatabase, type StoreLogger, type StoreOptions } from './open.ts'
export { createTurns, type Turn, type Turns, type TurnsOptions } from './turn.ts'
export { type AnswerRow, prepareAnswers } from './queries/answers.ts'
export {
  type DueRecord,
  prepareDueRecords,
  prepareNextRunAt,
  preparePromoteDue,
  type Promoted,
} from './queries/due-records.ts'
export { prepareGetRecord } from './queries/get-record.ts'
export { prepareListRecords, type RecordFilter, type RecordPosition } from './queries/list-records.ts'
export { preparePruneRecords } from './queries/prune-records.ts'
export { preparePutRecord } from './queries/put-record.ts'
export { countDue, countLeases, countStatuses } from './queries/queue-summary.ts'
export { prepareReadFeed, prepareSaveFeedSeq, readCounters } from './queries/read-feed.ts'
export type { RecordRow } from './schema/records.ts'
