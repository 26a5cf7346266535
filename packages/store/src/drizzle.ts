/**
 * Drizzle, by way of its CommonJS build. Its ES modules export each other in circles, and linking them leaves Node with 200 MB more memory
 * and up to a second more at each start (Node 24, drizzle-orm 0.45). Types come from the package itself; nothing else here imports its values.
 */
import { createRequire } from 'node:module'

// drizzle-kit reads the schema as CommonJS, in the package's folder, where a module has no URL.
const require = createRequire(import.meta.url ?? `${process.cwd()}/`)
const core = require('drizzle-orm') as typeof import('drizzle-orm')
const sqlite = require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
const driver = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
const migrator = require('drizzle-orm/migrator') as typeof import('drizzle-orm/migrator')

export const { and, asc, count, desc, eq, getTableColumns, gt, gte, inArray, isNotNull, lt, lte, max, min, or, sql } =
  core
export const { index, integer, sqliteTable, text, union, unionAll, uniqueIndex } = sqlite
export const { drizzle } = driver
export const { readMigrationFiles } = migrator
