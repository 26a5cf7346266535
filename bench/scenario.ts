/** What one run of one side gave. */
export interface Measurement {
  /** In the unit of its scenario. */
  readonly value: number
  /** Beside it, for the reader: latencies, memory, processor time. */
  readonly details?: Readonly<Record<string, number>>
}

export interface Effort {
  /** Below 1 for a short run: numbers of operations are multiplied by it. */
  readonly scale: number
  /** Leaves out the run in which fsyncs are counted. */
  readonly withoutSyncs?: boolean
}

/** Where the values are good: `bar` is what must be reached, `goal` what is wished for. */
export interface Target {
  readonly bar: number
  readonly goal?: number
}

interface Common {
  /** As it is named on the command line. */
  readonly name: string
  readonly title: string
  /** The load that all sides get: payload, concurrency, connections. */
  readonly load: string
  /** How many times it is measured when nothing else is said. */
  readonly runs: number
  /** The scale of its place in the short version that CI runs; without one it has no place there. */
  readonly shortScale?: number
}

/** One system in one configuration. */
export interface Side {
  /** Such as `skyclaw` or `bullmq`. */
  readonly name: string
  /** What an answer relies on, as configured for this run. */
  readonly durability: string
  /** The settings as the system itself got them; they are printed. */
  readonly settings?: string
  /** A sentence that names what is missing and how to install it, when this cannot be measured here. */
  missing?(): Promise<string | undefined>
  /** The version of what is measured. */
  version(): Promise<string>
  /** Measures once, on an empty folder of its own. */
  measure(folder: string, effort: Effort): Promise<Measurement>
  /** fsyncs of all its processes for each operation, counted in a run of its own, since counting slows it down. */
  syncsPerOperation?(folder: string): Promise<number | undefined>
}

/** Two systems under one load, in turn: what counts is the ratio of their medians. */
export interface RatioScenario extends Common {
  readonly kind: 'ratio'
  readonly unit: string
  readonly better: 'more' | 'less'
  /** Of the ratio: the first side's over the second's, turned round where less is better. */
  readonly target: Target
  /** Ours first. */
  readonly sides: readonly [Side, Side]
}

/** One number of ours. With `better: 'less'` the bar is the most that is allowed, with `'more'` the least. */
export interface Figure {
  /** The key of its value in what `measure` resolves with; unique within its scenario. */
  readonly name: string
  readonly title: string
  /** `''` for a bare number, such as a ratio of two of our own rates. */
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly target?: Target
}

/** Numbers of ours alone, all taken in one run. */
export interface AbsoluteScenario extends Common {
  readonly kind: 'absolute'
  readonly durability: string
  readonly figures: readonly Figure[]
  /** A value for each figure, by its name. */
  measure(folder: string, effort: Effort): Promise<Readonly<Record<string, number>>>
}

export interface Axis {
  readonly label: string
  readonly scale: 'linear' | 'log'
}

/** A line of a plot. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** How a cost changes with a size. Several runs at the same x are shown by their median. */
export interface CurveScenario extends Common {
  readonly kind: 'curve'
  readonly durability: string
  readonly x: Axis
  readonly y: Axis
  measure(folder: string, effort: Effort): Promise<readonly Series[]>
}

export type Scenario = RatioScenario | AbsoluteScenario | CurveScenario

/** Operations of a scenario under an effort, at least so many that it means something. */
export function scaled(operations: number, { scale }: Effort, least = 200): number {
  return Math.max(least, Math.round(operations * scale))
}
