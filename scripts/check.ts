import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkTarballTypes, lintTarball, withTarballs } from './check/packed.ts'
import { runCommand } from './check/run-command.ts'
import { checkSchema } from './check/schema.ts'
import { structureChecks } from './check/structure.ts'

// Runs every check of the repository, or those named as arguments. One line a passing check; a failing one with its findings.
// The packages must have been built (the `check` script of package.json does it first).

type Check = (root: string) => string[]

const checks: Record<string, Check> = {
  format: (root) => runCommand(root, 'oxfmt', ['--check', '.']),
  lint: (root) => runCommand(root, 'oxlint', ['--format', 'unix']),
  types: (root) => runCommand(root, 'tsc', ['-b']),
  knip: (root) => runCommand(root, 'knip', ['--no-progress', '--no-config-hints']),
  publint: (root) => withTarballs(root, (tarballs) => tarballs.flatMap((tarball) => lintTarball(root, tarball))),
  attw: (root) => withTarballs(root, (tarballs) => tarballs.flatMap((tarball) => checkTarballTypes(root, tarball))),
  schema: checkSchema,
  ...structureChecks,
}

const { values, positionals } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true })
const unknown = positionals.filter((name) => !(name in checks))
if (unknown.length > 0) {
  console.error(`no check is called ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

let failed = 0
const chosen = Object.entries(checks).filter(([name]) => positionals.length === 0 || positionals.includes(name))
for (const [name, check] of chosen) {
  const startedAt = performance.now()
  const findings = run(check)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${findings.length === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${seconds.padStart(5)} s`)
  for (const finding of findings) console.log(`     ${finding}`)
  if (findings.length > 0) failed++
}
console.log(`${chosen.length - failed} checks passed, ${failed} failed`)
if (values.report) writeFileSync(values.report, JSON.stringify({ passed: chosen.length - failed, failed }))
process.exitCode = failed > 0 ? 1 : 0

/** A check that throws has failed; the others still run. */
function run(check: Check): string[] {
  try {
    return check(process.cwd())
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}
