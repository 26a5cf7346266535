/*
 * Which URLs a client knows beside the configured ones. Sans-IO.
 *
 * The network names the coordinators that are alive. One that it names no more is kept for a while, behind those that it
 * names: whoever is cut off from the others names itself alone, just when its clients need the others.
 */

export interface LearnedUrl {
  readonly url: string
  /** When it was last named, in milliseconds. */
  readonly namedAt: number
}

export interface LearningLimits {
  /** URLs kept at most. */
  maxCoordinators: number
  /** How long a URL is kept that is named no more, in milliseconds. It ends at the next news only: without any, all are kept. */
  keepMs: number
  /** In [0, 1), another one for each client: with which of the URLs its list begins, so that not all go on at the same one. */
  turn: number
}

/** What is known after the network named these URLs, those that it named first. */
export function learnUrls(
  known: readonly LearnedUrl[],
  named: readonly string[],
  now: number,
  { maxCoordinators, keepMs, turn }: LearningLimits,
): LearnedUrl[] {
  const fresh = new Set(named)
  const kept = known.filter(({ url, namedAt }) => !fresh.has(url) && now - namedAt < keepMs)
  const latestFirst = kept.toSorted((a, b) => b.namedAt - a.namedAt)
  const first = Math.floor(turn * fresh.size)
  const turned = [...fresh].slice(first).concat([...fresh].slice(0, first))
  return [...turned.map((url) => ({ url, namedAt: now })), ...latestFirst].slice(0, maxCoordinators)
}
