const sizes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  TB: 1_000_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  TiB: 1_099_511_627_776,
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Bytes of a text such as `2GiB`; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  return parse(text, sizes)
}

/** Milliseconds of a text such as `10m`; undefined when it is none. */
export function parseTime(text: string): number | undefined {
  return parse(text, times)
}

/** The unit is always named: nobody needs to guess what a bare 10 is. */
function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return factor === undefined ? undefined : Math.round(Number(number) * factor)
}
