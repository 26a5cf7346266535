import { ProblemResponseError, type SkyclawClient } from '@skyclaw/client'
import type { LedgerRecord } from '@skyclaw/protocol'
import { BackupError } from './format.ts'
import type { ReadRecord } from './read-backup.ts'

/** Records of one request. Few, since the coordinators agree on each that they take over before they answer. */
const pageRecords = 100
const pageBytes = 1_048_576

export interface Restored {
  readonly records: number
  /** Records that were news to the network. */
  readonly changed: number
  /** Records that live coordinators took over from those that the backup names. */
  readonly adopted: number
}

interface Options {
  readonly file: string
  readonly nodeId: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Told after each page. */
  readonly restored: (soFar: Restored) => void
}

/** Sends the records of a backup in pages, each answered before the next. Throws a BackupError that names the line at which it stopped. */
export async function restorePages(
  client: SkyclawClient,
  source: AsyncIterable<ReadRecord>,
  { file, nodeId, timeoutMs, signal, restored }: Options,
): Promise<Restored> {
  let total: Restored = { records: 0, changed: 0, adopted: 0 }
  let page: ReadRecord[] = []
  let bytes = 0
  const send = async (): Promise<void> => {
    if (page.length === 0) return
    const records: LedgerRecord[] = page.map(({ record }) => record)
    const body = { nodeId, records, restore: true }
    try {
      // The coordinators may need all the time that a call has.
      const answer = await client.call('mergeSnapshot', { body, signal, timeoutMs, attemptTimeoutMs: timeoutMs })
      const { changed, adopted = 0 } = answer
      total = {
        records: total.records + records.length,
        changed: total.changed + changed,
        adopted: total.adopted + adopted,
      }
    } catch (error) {
      if (signal.aborted) throw error
      throw stopped(file, page, error)
    }
    restored(total)
    page = []
    bytes = 0
  }
  for await (const read of source) {
    if (page.length >= pageRecords || bytes + read.bytes > pageBytes) await send()
    page.push(read)
    bytes += read.bytes
  }
  await send()
  return total
}

/** Names the place: what a coordinator calls `records.3` is a line of the file. */
function stopped(file: string, page: readonly ReadRecord[], error: unknown): Error {
  const field = error instanceof ProblemResponseError ? error.field : undefined
  const line = page[Number(/^records\.(\d+)/.exec(field ?? '')?.[1] ?? Number.NaN)]?.line
  if (line !== undefined && error instanceof Error) {
    return new BackupError(`${file} line ${line}: ${error.message.replace(/^records\.\d+\.?/, '').trim()}`)
  }
  const first = page[0]?.line ?? 0
  return new BackupError(`restoring stopped at line ${first} of ${file}, and can be repeated`, { cause: error })
}
