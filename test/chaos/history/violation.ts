import type { Entry, JobView } from './entry.ts'
import { jobsOf } from './entry.ts'

export const violationKinds = [
  'lost',
  'unseen',
  'not ended',
  'end changed',
  'lives again',
  'fence twice',
  'two leases',
  'result of nobody',
  'report undone',
  'went back',
  'several jobs',
  'wrong job',
  'refused',
  'cancel undone',
  'cancelled by nobody',
  'disagree',
] as const
export type ViolationKind = (typeof violationKinds)[number]

export interface Violation {
  readonly kind: ViolationKind
  readonly sentence: string
  /** The job that it is about, unless it is about none. */
  readonly job: string | undefined
  /** The shortest part of the history that shows it. */
  readonly excerpt: readonly Entry[]
}

/** A violation, with no more of each entry than what it says of these jobs. */
export function violation(
  kind: ViolationKind,
  sentence: string,
  about: Pick<JobView, 'id'>[],
  entries: readonly Entry[],
): Violation {
  const ids = new Set(about.map(({ id }) => id))
  const excerpt = entries.map((entry) => {
    const jobs = jobsOf(entry)
    return jobs.length === 0 ? entry : { ...entry, jobs: jobs.filter(({ id }) => ids.has(id)) }
  })
  return { kind, sentence, job: about[0]?.id, excerpt: excerpt.toSorted((one, other) => one.at - other.at) }
}

/** For people: each violation with the part of the history that shows it, a line an entry. */
export function show(violations: readonly Violation[]): string {
  return violations
    .map(({ kind, sentence, excerpt }) => [`${kind}: ${sentence}`, ...excerpt.map(line)].join('\n    '))
    .join('\n  ')
}

function line({ at, until, who, coordinator, did, ...rest }: Entry): string {
  const span = `${Math.round(at)}-${until === undefined ? 'never answered' : Math.round(until)} ms`
  return `${span} ${who}${coordinator === undefined ? '' : ` at ${coordinator}`}: ${did} ${JSON.stringify(rest)}`
}
