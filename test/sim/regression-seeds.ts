/**
 * Seeds that are run every time, because they do what few others do: records that are dropped as gone, creations that lapse, coordinators
 * that return after the retention. A seed that finds a mistake joins them when it is mended. When the plan that seeds are read by changes, each of
 * them is another run, and new ones have to be looked for.
 */
export const regressionSeeds: readonly number[] = [
  50, 142, 165, 191, 284, 369, 880_300, 174_048_292, 1_333_446_897, 1_557_835_398,
]
