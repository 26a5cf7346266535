import { idempotencyHeader, routes } from '@skyclaw/protocol'
import type { ResolvedOptions } from '../options.ts'
import { headersOf } from '../prepare.ts'
import type { TransportRequest } from '../transport.ts'

interface Keyed {
  /** The job as JSON. */
  readonly text: string
  readonly key: string
}

type Request = Omit<TransportRequest, 'signal' | 'url'>

/** The request for these jobs: of one a plain one, of several a batch, in which each has its own key. */
export function compose(options: ResolvedOptions, jobs: readonly Keyed[]) {
  const { maxResponseBytes } = options
  const [only] = jobs
  if (jobs.length === 1 && only) {
    const route = routes.enqueueJob
    const headers = { ...headersOf(options, route), [idempotencyHeader]: only.key }
    const request: Request = { method: route.method, headers, body: only.text, maxResponseBytes }
    return { route, request }
  }
  const route = routes.enqueueBatch
  const body = `{"jobs":[${jobs.map(itemOf).join(',')}]}`
  const request: Request = { method: route.method, headers: headersOf(options, route), body, maxResponseBytes }
  return { route, request }
}

/** An item of a batch: the job with its key, which is made a part of the JSON as it is. */
function itemOf({ text, key }: Keyed): string {
  return text === '{}'
    ? `{"idempotencyKey":${JSON.stringify(key)}}`
    : `{"idempotencyKey":${JSON.stringify(key)},${text.slice(1)}`
}
