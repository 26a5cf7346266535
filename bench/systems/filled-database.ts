import { createHash } from 'node:crypto'
import { constants, copyFile, glob, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runLoad } from '../load/run-load.ts'

/** What is queued in a database that a scenario begins with. */
export interface Filling {
  readonly jobs: number
  /** How many different things the jobs ask for. */
  readonly requirementKeys: number
}

const payloadBytes = 100
const packages = resolve(import.meta.dirname, '../../packages')
const cache = join(tmpdir(), 'skyclaw-bench-databases')
const maxAgeMs = 24 * 3_600_000
/** Of those that other code has written: two working copies may be measured in turn. */
const maxForeignAgeMs = 3_600_000

/**
 * Puts a database with queued jobs where the first coordinator of a folder looks for its own. To make a large one takes minutes, so it is
 * kept for a day, for as long as the code that wrote it is the same.
 */
export async function placeFilledDatabase(folder: string, { jobs, requirementKeys }: Filling): Promise<void> {
  const writtenBy = await hashOfWriters()
  const kept = join(cache, `${writtenBy}-${jobs}-${requirementKeys}.db`)
  await mkdir(cache, { recursive: true })
  await dropOld(writtenBy)
  if (!(await exists(kept))) {
    const dbPath = `${kept}-${process.pid}`
    await runLoad('fill-queue', { dbPath, jobs, requirementKeys, payloadBytes })
    await rename(dbPath, kept)
    for (const rest of ['-logs', '.lock', '.holder']) await rm(`${dbPath}${rest}`, { recursive: true, force: true })
  }
  const own = join(folder, 'node-0')
  await mkdir(own, { recursive: true })
  await copyFile(kept, join(own, 'coordinator.db'), constants.COPYFILE_FICLONE)
}

/** The packages that decide what rows look like: their sources and migrations. */
async function hashOfWriters(): Promise<string> {
  const hash = createHash('sha256')
  const patterns = ['store/{src,migrations}/**/*', 'coordinator/src/{ledger,mesh,jobs,core}/**/*', 'protocol/src/**/*']
  for (const pattern of patterns) {
    const names: string[] = []
    for await (const name of glob(pattern, { cwd: packages })) names.push(name)
    for (const name of names.filter((one) => /(?<!\.test)\.(ts|sql)$/.test(one)).toSorted()) {
      hash.update(name).update(await readFile(join(packages, name)))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

async function dropOld(writtenBy: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const ageMs = Date.now() - (await stat(path)).mtimeMs
    if (ageMs > (name.startsWith(writtenBy) ? maxAgeMs : maxForeignAgeMs))
      await rm(path, { force: true, recursive: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
