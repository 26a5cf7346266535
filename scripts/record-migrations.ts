import { writeFileSync } from 'node:fs'
import { hashOf, listMigrations, readSums, sumsPath } from './check/migrations.ts'

// Adds the hashes of new migrations. A line that is there is never changed: the check then names the edited migration.
const root = process.cwd()
const sums = readSums(root)
for (const name of listMigrations(root)) {
  if (sums.has(name)) continue
  sums.set(name, hashOf(root, name))
  console.log(`recorded ${name}`)
}
writeFileSync(sumsPath, [...sums].map(([name, hash]) => `${hash}  ${name}\n`).join(''))
