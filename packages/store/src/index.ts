export { StoreError, type StoreErrorCode, storeErrorCodes, TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
export type { Checked } from './integrity.ts'
export { openStore, type Store, type StoreDatabase, type StoreLogger, type StoreOptions } from './open.ts'
export { createTurns, type Turn, type Turns, type TurnsOptions } from './turn.ts'
