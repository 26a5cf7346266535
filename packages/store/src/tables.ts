import { answers } from './schema/answers.ts'
import { members } from './schema/members.ts'
import { meta } from './schema/meta.ts'
import { records } from './schema/records.ts'
import { registers } from './schema/registers.ts'

/** Every table of the store, for Drizzle. */
export const tables = { answers, members, meta, records, registers }
