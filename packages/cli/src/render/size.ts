const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A number of bytes as people say it: `1.2 MB`, of which each is a thousand of the one before. */
export function renderSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
  let value = bytes / 1_000
  let unit = 0
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1_000
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
