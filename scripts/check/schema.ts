import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { runCommand } from './run-command.ts'

/** The migrations make the tables that the schema describes: drizzle-kit finds nothing left to migrate. */
export function checkSchema(root: string): string[] {
  const store = join(root, 'packages/store')
  const scratch = mkdtempSync(join(tmpdir(), 'skyclaw-schema-'))
  try {
    cpSync(join(store, 'migrations'), scratch, { recursive: true })
    const known = new Set(readdirSync(scratch))
    const options = ['--dialect', 'sqlite', '--schema', './src/schema/*.ts', '--out', relative(store, scratch)]
    const failure = runCommand(store, 'drizzle-kit', ['generate', ...options])
    if (failure.length > 0) return failure
    return readdirSync(scratch)
      .filter((name) => !known.has(name))
      .flatMap((name) => readFileSync(join(scratch, name), 'utf8').trim().split('\n'))
      .map((statement) => `packages/store/src/schema needs a migration (run "pnpm migration"): ${statement}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
