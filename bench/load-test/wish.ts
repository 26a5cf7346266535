import { parseArgs } from 'node:util'

/** What a load test is to be. */
export interface Wish {
  readonly jobs: number
  readonly hosts: number
  readonly clients: number
  readonly coordinators: number
  readonly payloadBytes: number
  /** Calls that each client has under way at most. */
  readonly callsOfClient: number
  /** Jobs that each host has at once at most, and claims at once. */
  readonly jobsOfHost: number
  /** Jobs that are enqueued before the hosts begin, and how long the queue may be until half of all jobs are done. */
  readonly ahead: number
  /** How long the queue may be in the second half. */
  readonly shortQueue: number
  /** How long jobs are kept after they ended; 0: as long as coordinators do by themselves. */
  readonly retentionSeconds: number
  /** How long the coordinators are watched when all is done. */
  readonly idleSeconds: number
  /** Nothing more is enqueued after so long, and what is there is brought to its end. */
  readonly maxSeconds: number
  readonly out: string
}

const numbers = {
  jobs: { fallback: 1_000_000, min: 100, max: 10_000_000 },
  hosts: { fallback: 200, min: 1, max: 5_000 },
  clients: { fallback: 64, min: 1, max: 1_000 },
  coordinators: { fallback: 3, min: 1, max: 7 },
  'payload-bytes': { fallback: 100, min: 60, max: 262_144 },
  'calls-of-client': { fallback: 4, min: 1, max: 100 },
  'jobs-of-host': { fallback: 4, min: 1, max: 100 },
  ahead: { fallback: 100_000, min: 0, max: 10_000_000 },
  'short-queue': { fallback: 2_000, min: 1, max: 10_000_000 },
  'retention-seconds': { fallback: 0, min: 0, max: 604_800 },
  'idle-seconds': { fallback: 180, min: 5, max: 86_400 },
  'max-seconds': { fallback: 14_400, min: 10, max: 604_800 },
} as const

export const usage = `Usage: pnpm bench:load [flags]

Takes jobs through several coordinators to their end, watches them meanwhile, and checks what came of it.

${Object.entries(numbers)
  .map(([name, { fallback, min, max }]) => `  --${name.padEnd(20)}${min} to ${max}; default ${fallback}`)
  .join('\n')}
  --${'out'.padEnd(20)}the folder for what was measured; default bench/results/load-test
`

const flag = { type: 'string' } as const
const options = {
  ...(Object.fromEntries(Object.keys(numbers).map((name) => [name, flag])) as Record<
    keyof typeof numbers,
    typeof flag
  >),
  out: { type: 'string', default: 'bench/results/load-test' },
} as const

/** Reads the command line. Throws an Error that names what is wrong with it. */
export function readWish(args: readonly string[]): Wish {
  // pnpm hands on the `--` that stands before flags.
  const { values } = parseArgs({ args: args.filter((word) => word !== '--'), options })
  const number = (name: keyof typeof numbers) => {
    const { fallback, min, max } = numbers[name]
    const value = Number(values[name] ?? fallback)
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`--${name} is a whole number from ${min} to ${max}, not ${values[name]}`)
    }
    return value
  }
  return {
    jobs: number('jobs'),
    hosts: number('hosts'),
    clients: number('clients'),
    coordinators: number('coordinators'),
    payloadBytes: number('payload-bytes'),
    callsOfClient: number('calls-of-client'),
    jobsOfHost: number('jobs-of-host'),
    ahead: number('ahead'),
    shortQueue: number('short-queue'),
    retentionSeconds: number('retention-seconds'),
    idleSeconds: number('idle-seconds'),
    maxSeconds: number('max-seconds'),
    out: values.out,
  }
}
