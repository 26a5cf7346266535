import { type Entry, hasEnded, type History, isBefore, isDone, jobsOf, type JobView } from '../entry.ts'
import { type Violation, violation } from '../violation.ts'

interface Seen {
  readonly entry: Entry
  readonly job: JobView
}

/**
 * What a coordinator knows of a record is only ever replaced by something later, over its restarts, until its disk is lost. So a read
 * never shows less than what the same coordinator had answered before the read was sent.
 */
export function checkOrder(history: History): Violation[] {
  const found: Violation[] = []
  for (const [coordinator, entries] of Map.groupBy(history, (entry) => entry.coordinator)) {
    if (coordinator === undefined) continue
    const seen = new Map<string, Seen[]>()
    const wipes = entries.filter(isDone('wipe'))
    for (const entry of entries) {
      for (const job of jobsOf(entry)) seen.set(job.id, [...(seen.get(job.id) ?? []), { entry, job }])
    }
    for (const all of seen.values()) {
      const back = firstBack(all, wipes)
      if (!back) continue
      const [earlier, later] = back
      const sentence = `${coordinator} showed ${later.job.id} as it was before what it had answered`
      found.push(violation('went back', sentence, [later.job], [earlier.entry, later.entry]))
    }
  }
  return found
}

/** Walks along the answers and the sendings of reads, and remembers the latest state that was answered. */
function firstBack(all: readonly Seen[], wipes: readonly Entry[]): [Seen, Seen] | undefined {
  const answers = all
    .filter(({ entry }) => entry.until !== undefined)
    .toSorted((a, b) => a.entry.until! - b.entry.until!)
  const reads = all
    .filter(({ entry }) => entry.did === 'read' || entry.did === 'look')
    .toSorted((a, b) => a.entry.at - b.entry.at)
  let latest: Seen | undefined
  let next = 0
  for (const read of reads) {
    for (; next < answers.length && answers[next]!.entry.until! < read.entry.at; next += 1) {
      if (!latest || comparePlace(latest.job, answers[next]!.job) < 0) latest = answers[next]
    }
    if (!latest || comparePlace(read.job, latest.job) >= 0) continue
    const forgot = wipes.some((wipe) => wipe.at >= latest!.entry.at && wipe.at <= (read.entry.until ?? Infinity))
    if (forgot) latest = undefined
    else return [latest, read]
  }
  return undefined
}

/** Where in the life of a job a view is: the attempt, and what became of it. */
function comparePlace(one: JobView, other: JobView): number {
  const place = (job: JobView) => {
    if (hasEnded(job)) return [Infinity, 0]
    return [job.attempts.length, job.status === 'queued' ? 2 : job.cancelAsked ? 1 : 0]
  }
  const [attempts, step] = place(one) as [number, number]
  const [otherAttempts, otherStep] = place(other) as [number, number]
  return attempts === otherAttempts ? step - otherStep : attempts - otherAttempts
}

/** A job that was acknowledged is found at every coordinator that answers. */
export function checkFound(history: History): Violation[] {
  const acknowledged = firstAnswers(history)
  const missed = new Set<string>()
  return history.flatMap((entry) => {
    const id = 'missing' in entry ? entry.missing : undefined
    const known = id === undefined ? undefined : acknowledged.get(id)
    if (id === undefined || !known || !isBefore(known, entry) || missed.has(id)) return []
    missed.add(id)
    return [violation('unseen', `${id} had been acknowledged and was not found`, [{ id }], [known, entry])]
  })
}

/** Of each job that an enqueuing was answered with, the first answer. */
export function firstAnswers(history: History): Map<string, Entry> {
  const first = new Map<string, Entry>()
  for (const entry of history.filter(isDone('enqueue'))) {
    for (const { id } of entry.jobs ?? []) {
      if ((entry.until ?? Infinity) < (first.get(id)?.until ?? Infinity)) first.set(id, entry)
    }
  }
  return first
}
