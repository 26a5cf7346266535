import { answers } from './schema/answers.ts'
import { meta } from './schema/meta.ts'
import { records } from './schema/records.ts'

/** Every table of the store, for Drizzle. */
export const tables = { answers, meta, records }
