import type { LogName, LogSizes, StoredPiece } from '@skyclaw/output-log'
import { limits } from '@skyclaw/protocol'
import type { PeerNetwork } from '../runtime/peer-network.ts'
import { PeerClient } from '../runtime/peer-client.ts'
import { fromWire, type LogPage } from './log-page.ts'

/** Another coordinator that this one works with. */
export interface LogPeer {
  readonly instance: string
  readonly url: string
}

/** Readers wait at their log's holder over these, and copies travel beside them: more than a few, and apart from those of the ledger. */
const connections = 1_024

/** How much longer than it was asked to wait a coordinator may take to answer. */
const answerMs = 2_000

const maxPageBytes = limits.logPageBytes * 2
const maxAnswerBytes = limits.smallBodyBytes

/** What the other coordinators are asked about logs, and told of them. Each call rejects with a PeerError. */
export class LogPeers {
  readonly #network: Pick<PeerNetwork, 'membership' | 'traffic'>
  readonly #token: string | undefined
  readonly #clients = new Map<string, PeerClient>()
  #closed = false

  constructor(network: Pick<PeerNetwork, 'membership' | 'traffic'>, token: string | undefined) {
    this.#network = network
    this.#token = token
  }

  usable(): LogPeer[] {
    return this.#network.membership.peers().filter(({ usable }) => usable)
  }

  /** What it has from these offsets on; with `waitMs`, as soon as it has something. */
  async page(
    peer: LogPeer,
    { jobId, attempt }: LogName,
    { stdout, stderr }: LogSizes,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<LogPage> {
    const query = { stdout: `${stdout}`, stderr: `${stderr}`, ...(waitMs > 0 && { waitMs: `${Math.ceil(waitMs)}` }) }
    const params = { id: jobId, attempt }
    const call = { params, query, timeoutMs: waitMs + answerMs, maxAnswerBytes: maxPageBytes, signal }
    return fromWire(await this.#client(peer).call('readLogPage', call))
  }

  /** Appends, and answers how much it has of the stream then. */
  async put(
    peer: LogPeer,
    { jobId, attempt }: LogName,
    { stream, offset, bytes }: StoredPiece,
    { hostId, gap, signal }: { readonly hostId: string; readonly gap: boolean; readonly signal: AbortSignal },
  ): Promise<number> {
    const params = { id: jobId, attempt, stream }
    const query = { hostId, offset: `${offset}`, ...(gap && { gap: '1' }) }
    const call = { params, query, body: bytes, timeoutMs: answerMs, maxAnswerBytes, signal }
    return (await this.#client(peer).call('putLog', call)).size
  }

  async close(
    peer: LogPeer,
    { jobId, attempt }: LogName,
    sizes: LogSizes,
    { hostId, signal }: { readonly hostId: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const body = JSON.stringify({ hostId, ...sizes, copy: true })
    const call = { params: { id: jobId, attempt }, body, timeoutMs: answerMs, maxAnswerBytes, signal }
    await this.#client(peer).call('closeLog', call)
  }

  /** Ends the connections to coordinators that are members no more. */
  async tidy(): Promise<void> {
    const urls = new Set(this.#network.membership.peers().map(({ url }) => url))
    const gone = [...this.#clients].filter(([url]) => !urls.has(url))
    for (const [url] of gone) this.#clients.delete(url)
    await Promise.all(gone.map(([, client]) => client.close()))
  }

  async end(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }

  #client({ url }: LogPeer): PeerClient {
    const client = this.#clients.get(url) ?? new PeerClient(url, this.#token, this.#network.traffic, connections)
    // Its calls fail at once.
    if (this.#closed) void client.close()
    this.#clients.set(url, client)
    return client
  }
}
