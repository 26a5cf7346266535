import type { OperationId, QueryOf, ResponseOf, Routes } from '@skyclaw/protocol'
import { type CallContext, type CallInput, performCall } from './call.ts'
import { SkyclawError } from './errors.ts'
import { createFailover, replaceUrls } from './failover/failover.ts'
import type { Call, CallOptions } from './operation.ts'
import { checkUrl, type ClientOptions, resolveOptions } from './options.ts'
import { type HostsResource, hostsResource } from './resources/hosts.ts'
import { type JobsResource, jobsResource } from './resources/jobs.ts'

export interface SkyclawClient {
  /** Any operation of the route table. Rejects with one of the errors of this package, or with the signal's reason. */
  readonly call: Call
  readonly jobs: JobsResource
  readonly hosts: HostsResource
  /** One page of hosts and jobs together. */
  state(query?: QueryOf<Routes['readState']>, options?: CallOptions): Promise<ResponseOf<Routes['readState']>>
  health(options?: CallOptions): Promise<ResponseOf<Routes['readHealth']>>
  peers(options?: CallOptions): Promise<ResponseOf<Routes['listPeers']>>
  /** The URLs in use: the configured ones, then those learned. */
  readonly coordinators: readonly string[]
  /** Takes the coordinators that the network named in, beside the configured ones, which are never dropped. */
  setCoordinators(urls: readonly string[]): void
  /** Ends calls under way and frees connections. */
  close(): Promise<void>
}

/** Makes a client. Throws an `OptionError` for an option that cannot be used. Opens no connection yet. */
export function createClient(clientOptions: ClientOptions): SkyclawClient {
  const options = resolveOptions(clientOptions)
  const closing = new AbortController()
  const failover = createFailover(options.coordinators, options.failover)
  const context: CallContext = { options, failover, closing: closing.signal }

  const call = (operation: OperationId, input: CallInput = {}) => performCall(context, operation, input)
  const typed = call as unknown as Call
  return {
    call: typed,
    jobs: jobsResource(typed, options.timeoutMs),
    hosts: hostsResource(typed),
    state: (query, input) => typed('readState', { ...input, ...(query && { query }) }),
    health: (input) => typed('readHealth', input),
    peers: (input) => typed('listPeers', input),
    get coordinators() {
      return failover.endpoints.map((endpoint) => endpoint.url)
    },
    setCoordinators(urls) {
      const learned = urls.flatMap(readUrl).filter((url) => !options.coordinators.includes(url))
      const room = [...new Set(learned)].slice(0, options.maxCoordinators)
      replaceUrls(failover, [...options.coordinators, ...room])
    },
    async close() {
      if (!closing.signal.aborted) closing.abort(new SkyclawError('the client is closed'))
      await options.transport.close()
    },
  }
}

/** What the network names may be unusable here; that is no reason to fail. */
function readUrl(url: unknown): string[] {
  try {
    return [checkUrl('url', url)]
  } catch {
    return []
  }
}
