/** What one run of one side gave. */
export interface Measurement {
  /** In the unit of its scenario. */
  readonly value: number
  /** Beside it, for the reader: latencies, memory, processor time. */
  readonly details?: Readonly<Record<string, number>>
}

/** One system in one configuration, measured by one scenario. */
export interface Side {
  /** Such as `skyclaw` or `bullmq`. */
  readonly name: string
  /** What an answer relies on, as configured for this run. */
  readonly durability: string
  /** A sentence when it cannot be measured here: not installed, say. */
  missing?(): Promise<string | undefined>
  /** The version of what is measured. */
  version(): Promise<string>
  measure(folder: string, effort: Effort): Promise<Measurement>
  /** fsyncs for each operation, counted in a run of its own, since counting slows it down. */
  syncsPerOperation?(folder: string): Promise<number | undefined>
}

export interface Effort {
  /** Below 1 for a short run: numbers of operations are multiplied by it. */
  readonly scale: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  /** Load that all sides get: payload, concurrency, connections. */
  readonly load: string
  /** Of the first side over the second, or, `absolute`, of the first side alone. */
  readonly target: { readonly kind: 'ratio' | 'absolute'; readonly bar: number; readonly goal: number }
  /** Ours first. */
  readonly sides: readonly Side[]
  /** How many times each side is measured when nothing else is said. */
  readonly runs: number
}

/** Operations of a scenario under an effort, at least so many that it means something. */
export function scaled(operations: number, { scale }: Effort, least = 200): number {
  return Math.max(least, Math.round(operations * scale))
}
