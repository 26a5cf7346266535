/** A ratio may fall to this share of its reference: machines and moments differ, but not by so much. */
const leastShare = 0.5

export interface Comparison {
  readonly passed: boolean
  /** The ratio, its reference and what comes of it, for people. */
  readonly sentence: string
}

/** Holds a ratio against its reference. What could not be measured, or has no reference yet, does not fail. */
export function compareRatio(ratio: number | undefined, reference: number | undefined): Comparison {
  if (ratio === undefined) return { passed: true, sentence: 'not compared: the peer is missing' }
  const measured = `ratio ${ratio.toFixed(2)}`
  if (reference === undefined) {
    return { passed: true, sentence: `${measured}; no reference yet: see pnpm bench:short --write-references` }
  }
  const least = reference * leastShare
  const held = `${measured}; reference ${reference.toFixed(2)}, at least ${least.toFixed(2)}`
  // Not `ratio < least`: what is no number must not pass.
  const passed = ratio >= least
  return { passed, sentence: passed ? held : `${held}: fell below half of its reference` }
}
