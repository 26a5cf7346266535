import { type FailedAttempt, SkyclawError, type SkyclawClient, UnreachableError } from '@skyclaw/client'
import { type LedgerRecord, limits } from '@skyclaw/protocol'

/** Far more than there can be, so that two coordinators that answer nonsense cannot keep a backup going for ever. */
const maxPages = 10_000_000

export interface Source {
  readonly url: string
  readonly nodeId: string
  readonly client: SkyclawClient
}

/**
 * The first coordinator that answers and has caught up. A backup is read from one alone: the cursor of a page counts in the
 * database of the coordinator that gave it. Throws when there is none.
 */
export async function findSource(
  urls: readonly string[],
  clientOf: (url: string) => SkyclawClient,
  signal: AbortSignal,
): Promise<Source> {
  const startedAt = performance.now()
  const failed: FailedAttempt[] = []
  let behind: SkyclawError | undefined
  for (const url of urls) {
    const client = clientOf(url)
    try {
      const { self } = await client.peers({ signal })
      if (self.ready !== false) return { url, nodeId: self.nodeId, client }
      behind = new SkyclawError(`${self.nodeId} (${url}) has not caught up with its peers yet: try again in a while`)
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      failed.push(...error.attempts)
    }
  }
  throw behind ?? new UnreachableError(failed, Math.round(performance.now() - startedAt), false)
}

/** All records that a coordinator knows, page by page, each within `timeoutMs`. Rejects when another one answers in between. */
export async function* snapshotPages(
  { client, nodeId, url }: Source,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): AsyncGenerator<LedgerRecord[]> {
  let cursor: string | undefined
  for (let pages = 0; pages < maxPages; pages += 1) {
    const query = { limit: limits.pageMax, ...(cursor !== undefined && { cursor }) }
    const page = await client.call('readSnapshot', { query, signal, timeoutMs, attemptTimeoutMs: timeoutMs })
    if (page.nodeId !== nodeId) {
      throw new SkyclawError(`${url} leads to several coordinators (${nodeId}, ${page.nodeId}): name one with --url`)
    }
    yield page.records
    if (page.nextCursor === undefined) return
    if (page.nextCursor === cursor) break
    cursor = page.nextCursor
  }
  throw new SkyclawError(`the pages of ${url} have no end: is it a coordinator?`)
}
