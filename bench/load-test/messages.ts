/** What the load test tells its load programs. */
export type Order =
  /** Clients: so many jobs may have been enqueued in all. */
  | { readonly kind: 'budget'; readonly jobs: number }
  /** Hosts: claim from now on. */
  | { readonly kind: 'work' }
  /** End, once what is under way has its answer. */
  | { readonly kind: 'end' }

/** What a load program says every so often, of the time since it said it last but for `total`. */
export interface Told {
  /** Jobs acknowledged to clients, or completions acknowledged to hosts, since the start. */
  readonly total: number
  /** Calls that failed after all retries of the client, by the code of the error. */
  readonly failures: Readonly<Record<string, number>>
  /** Milliseconds that calls took: of clients to enqueue, of hosts to beat. */
  readonly latency: Latency
}

export interface Latency {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export const tellMs = 250
