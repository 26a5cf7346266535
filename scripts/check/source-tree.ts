import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Nothing below these is the project's own text. */
const skipped = new Set(['node_modules', 'dist', '.tsbuild', '.turbo', '.git', '.skyclaw', 'coverage'])

/**
 * The files of the repository under `root` (of a fixture: the files of the fixture), as sorted paths relative to it; with a
 * `pattern`, those that match it. Walks the disk rather than asking git, so that a copy without its history can be checked too.
 */
export function listFiles(root: string, pattern?: string): string[] {
  const paths = [...walk(root, '')].filter((path) => !path.startsWith('test/fixtures/'))
  return paths.filter((path) => pattern === undefined || posix.matchesGlob(path, pattern)).toSorted()
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(root, path)
    else if (entry.isFile()) yield path
  }
}

/** A file's text. */
export function readText(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A file's JSON, as a record. */
export function readJson(root: string, path: string): Record<string, unknown> {
  return JSON.parse(readText(root, path)) as Record<string, unknown>
}

/** The hand-written TypeScript of the repository: packages, apps, examples, tests, scripts. */
export function listSources(root: string): string[] {
  return listFiles(root, '**/*.{ts,mts,js,mjs}')
}

/** Whether a path is a test or supports tests: what the rules for shipped code do not bind. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/') || /^packages\/[^/]+\/test\//.test(path)
}
