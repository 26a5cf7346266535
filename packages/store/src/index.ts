export { StoreError, type StoreErrorCode, storeErrorCodes, TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
export type { Checked } from './integrity.ts'
export { renewInstance } from './instance.ts'
export { openStore, type Store, type StoreDatabase, type StoreLogger, type StoreOptions } from './open.ts'
export { createTurns } from './group-commit.ts'
export type { Turn, Turns, TurnsOptions } from './turn.ts'
export type { WriteBuffer } from './write-buffers.ts'
export { type AnswerRow, prepareAnswers } from './queries/answers.ts'
export {
  type DueRecord,
  prepareDueRecords,
  prepareNextRunAt,
  preparePromoteDue,
  type Promoted,
} from './queries/due-records.ts'
export { type CounterName, prepareCounters } from './queries/counters.ts'
export { prepareDropRecord } from './queries/drop-record.ts'
export { prepareDropRegister } from './queries/drop-register.ts'
export {
  type FoundKey,
  prepareFindKeysByBase,
  prepareFindKeysByTag,
  prepareListKeysBetween,
} from './queries/find-keys.ts'
export { prepareGetRecord } from './queries/get-record.ts'
export { prepareGetRegister } from './queries/get-register.ts'
export { prepareGetStanding, type StandingRow } from './queries/get-standing.ts'
export { prepareListChangeable } from './queries/list-changeable.ts'
export { prepareListUnlearned } from './queries/list-unlearned.ts'
export { dropReplacedMembers, listMembers, prepareMembers, type SeenMember } from './queries/members.ts'
export { prepareListRecords, type RecordFilter, type RecordPosition } from './queries/list-records.ts'
export { preparePruneRecords } from './queries/prune-records.ts'
export { preparePruneRegisters } from './queries/prune-registers.ts'
export { preparePutPromise, type PromiseRow } from './queries/put-promise.ts'
export { preparePutRegister } from './queries/put-register.ts'
export { preparePutRecord } from './queries/put-record.ts'
export { countDue, countLeases, countStatuses } from './queries/queue-summary.ts'
export {
  type FeedHead,
  prepareReadFeed,
  prepareReadFeedHeads,
  prepareSaveFeedSeq,
  readCounters,
} from './queries/read-feed.ts'
export type { MemberRow } from './schema/members.ts'
export type { RecordHead, RecordRow, VersionColumns } from './schema/records.ts'
export type { RegisterRow } from './schema/registers.ts'
