import { type LogStream, limits, logStreams, ProblemError } from '@skyclaw/protocol'
import type { AttemptLog, StoredPiece } from '@skyclaw/output-log'
import { createHash } from 'node:crypto'
import { PeerError } from '../runtime/peer-error.ts'
import type { ThrottledLog } from '../runtime/throttled-log.ts'
import { beyond } from './log-page.ts'
import type { LogPeer, LogPeers } from './log-peers.ts'

export interface LogCopiesOptions {
  readonly peers: LogPeers
  /** Coordinators that are to have a log, if so many are live. */
  readonly minReplications: () => number
  readonly warnings: ThrottledLog
  /** Aborted when the coordinator closes. */
  readonly closing: AbortSignal
}

/** Shorter than any caller of ours waits for an answer. */
const copyWithinMs = 8_000

/** Each holds a piece in memory. */
const maxAtOnce = 64

/** Copies closed logs to other coordinators, until as many have them as are to have a record. */
export class LogCopies {
  readonly #options: LogCopiesOptions
  /** Under way, by the path of the log. */
  readonly #making = new Map<AttemptLog, Promise<number>>()

  constructor(options: LogCopiesOptions) {
    this.#options = options
  }

  /**
   * Answers how many others have all of it. Throws `insufficient_replicas` when fewer than there should be could be given it in time, and
   * `too_busy` when too many logs are being copied: what was copied until then need not be copied again.
   */
  async make(log: AttemptLog, hostId: string): Promise<number> {
    const underWay = this.#making.get(log)
    if (underWay) return underWay
    if (this.#making.size >= maxAtOnce) {
      throw new ProblemError('too_busy', `${maxAtOnce} logs are being copied to other coordinators already`)
    }
    const making = this.#make(log, hostId).finally(() => this.#making.delete(log))
    this.#making.set(log, making)
    return making
  }

  async #make(log: AttemptLog, hostId: string): Promise<number> {
    const { peers, closing } = this.#options
    const signal = AbortSignal.any([closing, AbortSignal.timeout(copyWithinMs)])
    const candidates = ranked(peers.usable(), log.name.jobId)
    let made = 0
    const copyToNext = async () => {
      for (let peer = candidates.shift(); peer && !signal.aborted; peer = candidates.shift()) {
        if (!(await this.#copy(log, hostId, peer, signal))) continue
        made += 1
        return
      }
    }
    await Promise.all(Array.from({ length: this.#wanted() }, copyToNext))
    // Who did not answer may be known to be gone by now.
    const wanted = this.#wanted()
    if (made >= wanted) return made
    const detail = `the log is complete here, and ${made} of ${wanted} other coordinators have it so far`
    throw new ProblemError('insufficient_replicas', detail)
  }

  #wanted(): number {
    const { peers, minReplications } = this.#options
    return Math.min(minReplications() - 1, peers.usable().length)
  }

  async #copy(log: AttemptLog, hostId: string, peer: LogPeer, signal: AbortSignal): Promise<boolean> {
    try {
      await copyTo(this.#options.peers, { log, hostId, peer, signal })
      return true
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const { jobId, attempt } = log.name
      const fields = { jobId, attempt, peer: peer.url }
      const what = `a log was not copied to ${peer.url}, another coordinator is tried: it ${error.message}`
      this.#options.warnings.warn(`copy to ${peer.url}: ${error.message}`, fields, what)
      return false
    }
  }
}

interface CopyJob {
  readonly log: AttemptLog
  readonly hostId: string
  readonly peer: LogPeer
  readonly signal: AbortSignal
}

/** Brings the other coordinator what it lacks, and closes the log there. */
async function copyTo(peers: LogPeers, { log, hostId, peer, signal }: CopyJob): Promise<void> {
  const { name, sizes } = log
  const { sizes: there, closed } = await peers.page(
    peer,
    name,
    { stdout: beyond, stderr: beyond },
    { waitMs: 0, signal },
  )
  if (closed && logStreams.every((stream) => there[stream] === sizes[stream])) return
  for (const stream of logStreams) {
    for (let at = there[stream]; at < sizes[stream];) {
      // Nothing stored behind: what is missing at the end is declared like any other gap.
      const piece = (await pieceAt(log, stream, at)) ?? { stream, offset: sizes[stream], bytes: new Uint8Array() }
      const size = await peers.put(peer, name, piece, { hostId, gap: piece.offset > at, signal })
      at = Math.max(size, piece.offset + piece.bytes.byteLength)
    }
  }
  await peers.close(peer, name, sizes, { hostId, signal })
}

async function pieceAt(log: AttemptLog, stream: LogStream, offset: number): Promise<StoredPiece | undefined> {
  const from = { stdout: beyond, stderr: beyond, [stream]: offset }
  return (await log.read(from, limits.logChunkBytes))[0]
}

/** In the same order each time, and another one for each job: a repeat finds the copies that were made, and copies spread evenly. */
function ranked(peers: readonly LogPeer[], jobId: string): LogPeer[] {
  const rank = ({ instance }: LogPeer) => createHash('sha256').update(`${jobId} ${instance}`).digest('hex')
  return peers
    .map((peer) => ({ peer, rank: rank(peer) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ peer }) => peer)
}
