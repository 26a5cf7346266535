import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BodyOf, LeaseRef, Routes } from '@skyclaw/protocol'
import { syncFolder, temporarySuffix, writeDurably } from './durable-file.ts'
import { hasCode } from './errors.ts'

/** A result on its way: what is sent, and the key it is sent with, the same after a restart. */
export interface SpooledResult {
  jobId: string
  attempt: number
  idempotencyKey: string
  body: BodyOf<Routes['completeJob']>
}

/**
 * Results that no coordinator has acknowledged yet, one file each in `<dir>/spool`. What the coordinators refuse is kept
 * in `<dir>/rejected`, the newest `maxRejected` of it, for people to look at.
 */
export interface Spool {
  /** Durable when it resolves. */
  put(result: SpooledResult): Promise<void>
  remove(ref: LeaseRef): Promise<void>
  setAside(ref: LeaseRef): Promise<void>
}

/** Opens the spool and reads what an earlier run left. `unreadable` files have been set aside. */
export async function openSpool(
  dir: string,
  maxRejected: number,
): Promise<{ spool: Spool; results: SpooledResult[]; unreadable: string[] }> {
  const waiting = path.join(dir, 'spool')
  const rejected = path.join(dir, 'rejected')
  await mkdir(waiting, { recursive: true, mode: 0o700 })
  await mkdir(rejected, { recursive: true, mode: 0o700 })

  async function setAside(name: string): Promise<void> {
    // A leading time keeps the folder in order of age.
    await rename(path.join(waiting, name), path.join(rejected, `${Date.now()}-${name}`)).catch(ignoreMissing)
    const oldest = (await readdir(rejected)).toSorted().slice(0, -maxRejected || undefined)
    for (const old of oldest) await rm(path.join(rejected, old), { force: true })
    await syncFolder(waiting)
  }

  const results: SpooledResult[] = []
  const unreadable: string[] = []
  for (const name of (await readdir(waiting)).toSorted()) {
    if (name.endsWith(temporarySuffix)) {
      await rm(path.join(waiting, name), { force: true })
      continue
    }
    const result = parse(await readFile(path.join(waiting, name), 'utf8'))
    if (result && fileName({ id: result.jobId, attempt: result.attempt }) === name) results.push(result)
    else {
      unreadable.push(name)
      await setAside(name)
    }
  }
  const spool: Spool = {
    put: (result) => {
      const name = fileName({ id: result.jobId, attempt: result.attempt })
      return writeDurably(path.join(waiting, name), JSON.stringify(result))
    },
    // Not synced: a removal that a crash undoes is a result sent twice, with one key.
    remove: (ref) => rm(path.join(waiting, fileName(ref)), { force: true }),
    setAside: (ref) => setAside(fileName(ref)),
  }
  return { spool, results, unreadable }
}

/** Ids hold no separator; a colon is not for file names everywhere. */
function fileName({ id, attempt }: LeaseRef): string {
  return `${encodeURIComponent(id)}.${attempt}.json`
}

function parse(text: string): SpooledResult | undefined {
  try {
    const value = JSON.parse(text) as Partial<SpooledResult>
    const { jobId, attempt, idempotencyKey, body } = value
    const whole = typeof jobId === 'string' && typeof attempt === 'number' && typeof idempotencyKey === 'string'
    return whole && typeof body === 'object' && body !== null ? { jobId, attempt, idempotencyKey, body } : undefined
  } catch {
    return undefined
  }
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error
}
