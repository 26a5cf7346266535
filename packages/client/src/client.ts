import { limits, type OperationId, type QueryOf, type ResponseOf, type Routes } from '@skyclaw/protocol'
import { performCall } from './call.ts'
import type { CallContext } from './call-context.ts'
import { Enqueuer } from './coalesce/enqueuer.ts'
import { SkyclawError } from './errors.ts'
import { isAdmissible } from './failover/admit.ts'
import { createFailover, replaceUrls } from './failover/failover.ts'
import { type LearnedUrl, learnUrls } from './failover/learned.ts'
import { Learning } from './learning.ts'
import { Liveness } from './liveness.ts'
import type { Call, CallOptions } from './operation.ts'
import { checkUrl, type ClientOptions, resolveOptions } from './options.ts'
import { pinger } from './ping.ts'
import type { CallInput } from './prepare.ts'
import { followLogs } from './resources/follow-logs.ts'
import { type HostsResource, hostsResource } from './resources/hosts.ts'
import { type Enqueue, type JobsResource, jobsResource } from './resources/jobs.ts'

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
  /**
   * Takes in the coordinators that the network named, beside the configured ones, which are never dropped. Those named before
   * stay for ten minutes. What is no URL, or must not be sent the token, is left out.
   */
  learnCoordinators(urls: readonly string[]): void
  /** Ends calls under way and frees connections. */
  close(): Promise<void>
}

/** Makes a client. Throws an `OptionError` for an option that cannot be used. Opens no connection yet. */
export function createClient(clientOptions: ClientOptions): SkyclawClient {
  const options = resolveOptions(clientOptions)
  const closing = new AbortController()
  const failover = createFailover(options.coordinators, options.failover)
  const liveness = new Liveness(options.failover, pinger(options, closing.signal))
  const context: CallContext = { options, failover, liveness, closing: closing.signal }
  let learned: LearnedUrl[] = []
  const turn = Math.random()
  const learnCoordinators = (urls: readonly unknown[]): void => {
    const { coordinators: configured, maxCoordinators } = options
    const named = urls
      .slice(0, limits.members)
      .flatMap(readUrl)
      .filter((url) => !configured.includes(url) && isAdmissible(url, configured))
    learned = learnUrls(learned, named, performance.now(), { maxCoordinators, keepMs: keepLearnedMs, turn })
    replaceUrls(failover, [...configured, ...learned.map(({ url }) => url)])
  }
  const learning = new Learning({
    ask: () =>
      performCall(context, 'listPeers', { timeoutMs: learnTimeoutMs }) as Promise<ResponseOf<Routes['listPeers']>>,
    take: learnCoordinators,
    afterMs: learnAfterMs,
    everyMs: options.learnEveryMs,
  })

  const used = () => {
    if (options.learn) learning.used()
  }
  const call = async (operation: OperationId, input: CallInput = {}) => {
    const answer = await performCall(context, operation, input)
    used()
    return answer
  }
  const logs: JobsResource['logs'] = (id, logOptions) => followLogs(context, used, id, logOptions)
  const typed = call as unknown as Call
  const enqueuer = options.coalesce && new Enqueuer(context, options.coalesce, used)
  const enqueue: Enqueue = (body, input) =>
    enqueuer ? enqueuer.enqueue(body, input) : typed('enqueueJob', { ...input, body })
  return {
    call: typed,
    jobs: jobsResource(typed, { enqueue, callTimeoutMs: options.timeoutMs, logs }),
    hosts: hostsResource(typed),
    state: (query, input) => typed('readState', { ...input, ...(query && { query }) }),
    health: (input) => typed('readHealth', input),
    peers: (input) => typed('listPeers', input),
    get coordinators() {
      return failover.endpoints.map((endpoint) => endpoint.url)
    },
    learnCoordinators,
    async close() {
      learning.close()
      if (!closing.signal.aborted) closing.abort(new SkyclawError('the client is closed'))
      await options.transport.close()
    },
  }
}

/** Long enough that a command of one or two calls never asks. */
const learnAfterMs = 1_000
const learnTimeoutMs = 5_000

/** How long a coordinator that is named no more stays in the list. */
const keepLearnedMs = 600_000

/** What the network names may be unusable here; that is no reason to fail. */
function readUrl(url: unknown): string[] {
  try {
    return [checkUrl('url', url)]
  } catch {
    return []
  }
}
