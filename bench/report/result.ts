import type { Axis, Figure, Series, Target } from '../scenario.ts'
import type { Spread } from '../statistics.ts'

interface Common {
  readonly name: string
  readonly title: string
  readonly load: string
  readonly runs: number
}

export interface SideResult {
  readonly name: string
  readonly durability: string
  readonly settings?: string
  readonly version?: string
  /** Why it was not measured. */
  readonly missing?: string
  /** One a run, in the order in which they were taken. */
  readonly values: readonly number[]
  readonly spread?: Spread
  /** The medians of what was measured beside. */
  readonly details: Readonly<Record<string, number>>
  readonly syncsPerOperation?: number
}

export interface RatioResult extends Common {
  readonly kind: 'ratio'
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly target: Target
  readonly sides: readonly SideResult[]
  /** Of ours over the other's, from the medians, turned round where less is better. Missing where the peer is. */
  readonly ratio?: number
  /** The same for each run alone. */
  readonly ratios?: Spread
}

export interface FigureResult extends Figure {
  readonly values: readonly number[]
  readonly spread: Spread
}

export interface AbsoluteResult extends Common {
  readonly kind: 'absolute'
  readonly durability: string
  readonly figures: readonly FigureResult[]
}

export interface CurveResult extends Common {
  readonly kind: 'curve'
  readonly durability: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

export type ScenarioResult = RatioResult | AbsoluteResult | CurveResult
