import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, listMigrations, readSums, sumsPath } from './check/migrations.ts'

// Writes the migration that the schema needs (arguments go to drizzle-kit: --name what-changes), and adds its hash to those that
// landed. A line that is there is never changed: the check then names the edited migration.
const root = process.cwd()
const options = ['generate', ...process.argv.slice(2)]
const { status } = spawnSync('drizzle-kit', options, { cwd: join(root, 'packages/store'), stdio: 'inherit' })
if (status !== 0) process.exit(1)

const sums = readSums(root)
for (const name of listMigrations(root)) {
  if (sums.has(name)) continue
  sums.set(name, hashOf(root, name))
  console.log(`recorded ${name}`)
}
writeFileSync(sumsPath, [...sums].map(([name, hash]) => `${hash}  ${name}\n`).join(''))
