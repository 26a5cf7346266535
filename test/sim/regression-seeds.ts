/** Seeds that found a mistake of the code once, or are worth keeping for what they do. A plan may change under a seed; then it is one more. */
export const regressionSeeds: readonly number[] = [50_100, 61, 64, 777, 90_012]
