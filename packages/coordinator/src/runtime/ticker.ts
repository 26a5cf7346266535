import type { MeshDriver } from './driver.ts'

/** What the mesh does of its own accord is late by so much at most. */
const tickMs = 50

/** Ticks the mesh until it is stopped; answers how to stop. Does not keep the process up. */
export function startTicker(driver: Pick<MeshDriver, 'tick'>): () => void {
  const timer = setInterval(() => driver.tick(), tickMs)
  timer.unref()
  return () => clearInterval(timer)
}
