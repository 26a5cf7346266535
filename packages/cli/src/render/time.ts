/** How long ago something happened, in the largest unit that fits: `12s ago`. A clock that is behind makes it `now`. */
export function renderAge(timestamp: string, nowMs: number): string {
  const ageMs = nowMs - Date.parse(timestamp)
  return ageMs < 0 ? 'now' : `${renderDuration(ageMs)} ago`
}

/** The same for a time that may lie ahead: `in 15m`. */
export function renderTime(timestamp: string, nowMs: number): string {
  const aheadMs = Date.parse(timestamp) - nowMs
  return aheadMs > 0 ? `in ${renderDuration(aheadMs)}` : renderAge(timestamp, nowMs)
}

export function renderDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`
  if (durationMs < 10_000) return `${(durationMs / 1_000).toFixed(1)}s`
  if (durationMs < 120_000) return `${Math.round(durationMs / 1_000)}s`
  if (durationMs < 7_200_000) return `${Math.round(durationMs / 60_000)}m`
  if (durationMs < 172_800_000) return `${Math.round(durationMs / 3_600_000)}h`
  return `${Math.round(durationMs / 86_400_000)}d`
}
