/** How long ago, in the largest unit that fits: `12s ago`. */
export function renderAge(timestamp: string, nowMs: number): string {
  const ageMs = nowMs - Date.parse(timestamp)
  return ageMs < 0 ? `in ${renderDuration(-ageMs)}` : `${renderDuration(ageMs)} ago`
}

export function renderDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`
  if (durationMs < 10_000) return `${(durationMs / 1_000).toFixed(1)}s`
  if (durationMs < 120_000) return `${Math.round(durationMs / 1_000)}s`
  if (durationMs < 7_200_000) return `${Math.round(durationMs / 60_000)}m`
  if (durationMs < 172_800_000) return `${Math.round(durationMs / 3_600_000)}h`
  return `${Math.round(durationMs / 86_400_000)}d`
}
