import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, readJson, readText } from './source-tree.ts'

const migrationsFolder = 'packages/store/migrations'

/** One line a migration, in the format of sha256sum: what landed, for good. */
export const sumsPath = `${migrationsFolder}/SHA256SUMS`

/**
 * A migration is never edited once landed: databases that ran it would differ from those that run it now. Its hash stands in
 * SHA256SUMS, which only grows (`pnpm migration` adds the lines), so that an edit shows here and in the review.
 */
export function checkMigrations(root: string): string[] {
  const files = listMigrations(root)
  if (files.length === 0) return []
  const recorded = readSums(root)
  const violations: string[] = []
  for (const name of files) {
    const landed = recorded.get(name)
    if (!landed) violations.push(`${migrationsFolder}/${name} is not in SHA256SUMS: run "pnpm migration"`)
    else if (landed !== hashOf(root, name)) {
      violations.push(`${migrationsFolder}/${name} was edited after it landed: restore it and add a new migration`)
    }
  }
  for (const name of recorded.keys()) {
    if (!files.includes(name)) violations.push(`${migrationsFolder}/${name} was removed after it landed: restore it`)
  }
  return [...violations, ...compareJournal(root, files)]
}

/** The migrations' file names, in their order. */
export function listMigrations(root: string): string[] {
  return listFiles(root, `${migrationsFolder}/*.sql`).map((path) => path.slice(migrationsFolder.length + 1))
}

/** The recorded hash of each migration. */
export function readSums(root: string): Map<string, string> {
  if (!existsSync(join(root, sumsPath))) return new Map()
  const lines = readText(root, sumsPath).split('\n').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
}

/** The SHA-256 of a migration's text, in hexadecimal. */
export function hashOf(root: string, name: string): string {
  return createHash('sha256')
    .update(readText(root, `${migrationsFolder}/${name}`))
    .digest('hex')
}

/** drizzle-kit runs what the journal lists: a file that is not in it would never run. */
function compareJournal(root: string, files: string[]): string[] {
  const { entries } = readJson(root, `${migrationsFolder}/meta/_journal.json`) as { entries: { tag: string }[] }
  const listed = entries.map((entry) => `${entry.tag}.sql`)
  const missing = files.filter((name) => !listed.includes(name)).map((name) => `${name} is not in the journal`)
  const absent = listed
    .filter((name) => !files.includes(name))
    .map((name) => `the journal lists ${name}, which is absent`)
  return [...missing, ...absent].map((problem) => `${migrationsFolder}: ${problem}`)
}
