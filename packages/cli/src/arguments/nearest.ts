import { distance } from 'fastest-levenshtein'

/** The candidate that was probably meant, or undefined when none is close. */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 4)) + 1
  for (const candidate of candidates) {
    const tooFar = distance(word, candidate)
    if (tooFar < bestDistance && tooFar < candidate.length) [best, bestDistance] = [candidate, tooFar]
  }
  return best
}

/** `; did you mean X?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const guess = nearest(word, candidates)
  return guess === undefined ? '' : `; did you mean ${guess}?`
}
