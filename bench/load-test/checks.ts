/** What must be true when a load test is over. */
export interface Check {
  readonly what: string
  /** Undefined: it holds. Else a sentence with the numbers. */
  readonly problem: string | undefined
  /** The jobs for which it does not hold. */
  readonly ids?: readonly string[]
}

export interface Outcome {
  /** Ids acknowledged to clients, as often as they were. */
  readonly acknowledged: readonly string[]
  /** Jobs handed to hosts, and reports of theirs that were taken. */
  readonly handed: readonly HostLine[]
  readonly reported: readonly HostLine[]
  /** Of each coordinator, by the job's id. */
  readonly statuses: readonly ReadonlyMap<string, string>[]
  /** Whether coordinators may have forgotten what has ended. */
  readonly pruned: boolean
}

export interface HostLine {
  readonly id: string
  readonly attempt: number
  readonly host: string
}

const shown = 3
const some = (ids: readonly string[]) => `${ids.length} (${ids.slice(0, shown).join(', ')})`
const idOf = (wrong: string) => wrong.split(/[: ]/)[0]!
const check = (what: string, wrong: readonly string[]): Check => ({
  what,
  ...(wrong.length === 0 ? { problem: undefined } : { problem: some(wrong), ids: wrong.map(idOf) }),
})

export function checkOutcome({ acknowledged, handed, reported, statuses, pruned }: Outcome): Check[] {
  const ids = new Set(acknowledged)
  const reports = new Map<string, number>()
  for (const { id } of reported) reports.set(id, (reports.get(id) ?? 0) + 1)
  const ofNode = statuses.flatMap((known, index) => [
    check(
      `coordinator ${index} knows every acknowledged job as completed${pruned ? ', or has forgotten it' : ''}`,
      acknowledged.filter((id) => (known.get(id) ?? (pruned ? 'completed' : undefined)) !== 'completed'),
    ),
    check(
      `coordinator ${index} knows no job that nobody enqueued`,
      [...known.keys()].filter((id) => !ids.has(id)),
    ),
    check(
      `coordinator ${index} has nothing queued or leased`,
      [...known].flatMap(([id, status]) => (status === 'queued' || status === 'leased' ? [`${id}: ${status}`] : [])),
    ),
  ])
  return [
    { what: 'jobs were acknowledged', problem: ids.size > 0 ? undefined : 'none' },
    check('no id was acknowledged twice', twice(acknowledged)),
    check(
      'every acknowledged job was reported by a host, and the report taken',
      acknowledged.filter((id) => !reports.has(id)),
    ),
    check(
      'every completed job was enqueued by a client',
      [...reports.keys()].filter((id) => !ids.has(id)),
    ),
    check(
      'no job was completed twice',
      [...reports].flatMap(([id, count]) => (count > 1 ? [id] : [])),
    ),
    check('no attempt of a job was handed to two hosts', handedTwice(handed)),
    ...ofNode,
  ]
}

function twice(ids: readonly string[]): string[] {
  const seen = new Set<string>()
  return ids.filter((id) => seen.size === seen.add(id).size)
}

function handedTwice(handed: readonly HostLine[]): string[] {
  const hosts = new Map<string, string>()
  return handed.flatMap(({ id, attempt, host }) => {
    const fence = `${id} ${attempt}`
    const first = hosts.get(fence)
    hosts.set(fence, first ?? host)
    return first === undefined || first === host ? [] : [fence]
  })
}
