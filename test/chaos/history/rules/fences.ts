import { digestOf, type Entry, hasEnded, type History, isBefore, isDone, jobsOf, type JobView } from '../entry.ts'
import { type Violation, violation } from '../violation.ts'

/** A fence is handed out once: to one claim, one host. */
export function checkFences(history: History): Violation[] {
  const found: Violation[] = []
  const claimed = new Map<string, { entry: Entry; key: string }>()
  const held = new Map<string, { entry: Entry; hostId: string }>()
  for (const entry of history) {
    for (const job of jobsOf(entry)) {
      for (const [index, { hostId }] of job.attempts.entries()) {
        const fence = `attempt ${index + 1} of ${job.id}`
        const earlier = held.get(fence)
        if (!earlier) held.set(fence, { entry, hostId })
        else if (earlier.hostId !== hostId) {
          const sentence = `${fence} is that of ${earlier.hostId} and of ${hostId}`
          found.push(violation('fence twice', sentence, [job], [earlier.entry, entry]))
        }
      }
      if (entry.did !== 'claim') continue
      const fence = `attempt ${job.attempts.length} of ${job.id}`
      const earlier = claimed.get(fence)
      const claim = `${entry.who} ${entry.key}`
      if (!earlier) claimed.set(fence, { entry, key: claim })
      else if (earlier.key !== claim) {
        const sentence = `${fence} was given to the claims ${earlier.key} and ${claim}`
        found.push(violation('fence twice', sentence, [job], [earlier.entry, entry]))
      }
    }
  }
  return found
}

/** Of the attempts of a job the latest one alone is open, and that one only while the job is leased. */
export function checkLeases(history: History): Violation[] {
  const found = new Map<string, Violation>()
  for (const entry of history) {
    for (const job of jobsOf(entry)) {
      const open = job.attempts.flatMap(({ outcome }, index) => (outcome === undefined ? [index + 1] : []))
      const expected = job.status === 'leased' ? [job.attempts.length] : []
      if (open.join() === expected.join()) continue
      const sentence = `${job.id} is ${job.status}, and its open attempts are ${open.join(', ') || 'none'}`
      if (!found.has(job.id)) found.set(job.id, violation('two leases', sentence, [job], [entry]))
    }
  }
  return [...found.values()]
}

/** A job that has ended never changes, and is not handed out again. */
export function checkEnds(history: History): Violation[] {
  const found: Violation[] = []
  const ends = new Map<string, { entry: Entry; job: JobView }>()
  const changed = new Set<string>()
  for (const entry of history) {
    for (const job of jobsOf(entry).filter(hasEnded)) {
      const known = ends.get(job.id)
      if (known && digestOf(known.job) !== digestOf(job) && !changed.has(job.id)) {
        changed.add(job.id)
        const sentence = `${job.id} ended as ${known.job.status} and as ${job.status}, or otherwise differently`
        found.push(violation('end changed', sentence, [job], [known.entry, entry]))
      }
      const isEarlier = !known || (entry.until ?? Infinity) < (known.entry.until ?? Infinity)
      if (isEarlier) ends.set(job.id, { entry, job })
    }
  }
  for (const entry of history.filter(isDone('claim'))) {
    for (const job of entry.jobs) {
      const end = ends.get(job.id)
      if (!end || !isBefore(end.entry, entry)) continue
      const sentence = `${job.id} was handed out after it had ended`
      found.push(violation('lives again', sentence, [job], [end.entry, entry]))
    }
  }
  return found
}
