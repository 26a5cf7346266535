import { type AttemptLog, type LogFolder, type LogSizes, openLogFolder, type StoredPiece } from '@skyclaw/output-log'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readPage } from '../../src/logs/log-page.ts'
import type { LogPeer, LogPeers } from '../../src/logs/log-peers.ts'
import { PeerError } from '../../src/runtime/peer-error.ts'

export const name = { jobId: 'job', attempt: 1 }

export async function scratchLogs(): Promise<LogFolder> {
  const dir = mkdtempSync(join(tmpdir(), 'skyclaw-logs-'))
  const folder = await openLogFolder(dir, { maxStreamBytes: 1_000_000 })
  onTestFinished(async () => {
    await folder.close()
    rmSync(dir, { recursive: true })
  })
  return folder
}

/** Other coordinators with a log each, without a network; those that are `down` do not answer. */
export class OtherCoordinators {
  readonly logs = new Map<string, AttemptLog>()
  readonly down = new Set<string>()
  /** Whom something was asked or told, in order. */
  readonly calls: string[] = []

  async add(instance: string, stdout = ''): Promise<AttemptLog> {
    const log = await (await scratchLogs()).open(name)
    await log.append('stdout', 0, Buffer.from(stdout))
    this.logs.set(instance, log)
    return log
  }

  get peers(): LogPeers {
    const answer = async <T>(what: string, { instance }: LogPeer, run: (log: AttemptLog) => Promise<T>): Promise<T> => {
      this.calls.push(`${what} ${instance}`)
      if (this.down.has(instance)) throw new PeerError('unreachable', 'did not answer')
      return run(this.logs.get(instance)!)
    }
    const peers: Pick<LogPeers, 'usable' | 'page' | 'put' | 'close'> = {
      usable: () => [...this.logs.keys()].map((instance) => ({ instance, url: `http://${instance}` })),
      page: (peer, _name, from: LogSizes, { waitMs, signal }) =>
        answer(waitMs > 0 ? 'wait' : 'page', peer, async (log) => {
          const page = await readPage(log, from)
          const isNews = page.pieces.length > 0 || page.closed
          if (isNews || waitMs === 0) return page
          await log.changed(AbortSignal.any([signal, AbortSignal.timeout(waitMs)]))
          return readPage(log, from)
        }),
      put: (peer, _name, { stream, offset, bytes }: StoredPiece, { gap }) =>
        answer('put', peer, (log) => log.append(stream, offset, bytes, { gap })),
      close: (peer, _name, sizes) => answer('close', peer, (log) => log.close(sizes)),
    }
    return peers as LogPeers
  }
}
