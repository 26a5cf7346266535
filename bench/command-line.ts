import { parseArgs } from 'node:util'

export interface Wish {
  readonly names: readonly string[]
  /** Instead of each scenario's own number. */
  readonly runs?: number
  readonly scale: number
  /** The folder for the results. */
  readonly out: string
}

export type CommandLine =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'wrong'; readonly problem: string }
  | { readonly kind: 'run'; readonly wish: Wish }

const maxRuns = 100

export const usage = `Usage: pnpm bench [NAME…] [flags]

Measures the scenarios named, or all of them, and writes the results as JSON and SVG.

  --runs N      how many times each scenario is measured (1 to ${maxRuns}; default: its own number, 5 for comparisons)
  --scale X     multiplies the number of operations (above 0, up to 100; default 1)
  --out FOLDER  where the results go (default bench/results)
  --list        names the scenarios
  --help        this text
`

const options = {
  runs: { type: 'string' },
  scale: { type: 'string', default: '1' },
  out: { type: 'string', default: 'bench/results' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What the command line asks for; a wish that cannot be met is a sentence. */
export function readCommandLine(args: readonly string[], known: readonly string[]): CommandLine {
  const wrong = (problem: string): CommandLine => ({ kind: 'wrong', problem })
  // pnpm hands on the `--` that stands before flags.
  const words = args.filter((word) => word !== '--')
  let parsed
  try {
    parsed = parseArgs({ args: words, options, allowPositionals: true })
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = parsed
  if (values.help) return { kind: 'help' }
  if (values.list) return { kind: 'list' }
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) return wrong(`no scenario is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 100)) return wrong(`--scale is a number above 0, up to 100, not ${values.scale}`)
  const names = known.filter((name) => positionals.length === 0 || positionals.includes(name))
  const wish = { names, scale, out: values.out }
  if (values.runs === undefined) return { kind: 'run', wish }
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1 || runs > maxRuns) {
    return wrong(`--runs is a whole number from 1 to ${maxRuns}, not ${values.runs}`)
  }
  return { kind: 'run', wish: { ...wish, runs } }
}
