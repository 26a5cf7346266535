/** What is done of its own accord is late by so much at most. */
const tickMs = 50

/** Calls `tick` again and again until it is stopped; answers how to stop. Does not keep the process up. */
export function startTicker(tick: () => void): () => void {
  const timer = setInterval(tick, tickMs)
  timer.unref()
  return () => clearInterval(timer)
}
