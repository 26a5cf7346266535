import { type History, isDone } from '../entry.ts'
import { type Violation, violation } from '../violation.ts'
import { looksOf } from './outcome.ts'

/** A request is answered with its own job, however often it is repeated. */
export function checkAnswers(history: History): Violation[] {
  return history.filter(isDone('enqueue')).flatMap((entry) => {
    if (entry.refused !== undefined) {
      return [violation('refused', `a request to enqueue was refused: ${entry.refused}`, [], [entry])]
    }
    return (entry.jobs ?? []).flatMap((job, index) => {
      if (job.tag === entry.tags[index]) return []
      const sentence = `the request ${entry.tags[index]} was answered with the job of ${job.tag}`
      return [violation('wrong job', sentence, [job], [entry])]
    })
  })
}

/**
 * One request makes one job. Coordinators that do not see each other may make twins: in the end all of them lead to one that stands, and
 * beside it stand only those that a host had, or that were cancelled, before they met.
 */
export function checkTwins(history: History): Violation[] {
  const looks = [...looksOf(history).values()].map(([look]) => look!)
  return [...Map.groupBy(looks, ({ job }) => job.tag)].flatMap(([tag, all]) => {
    if (all.length === 1 && all[0]!.job.duplicateOf === undefined) return []
    const standing = all.filter(({ job }) => job.duplicateOf === undefined)
    const led = all.every(
      ({ job }) => job.duplicateOf === undefined || standing.some((other) => other.job.id === job.duplicateOf),
    )
    const idle = standing.filter(({ job }) => job.attempts.length === 0 && job.cancelAsked !== true)
    if (standing.length > 0 && led && (standing.length === 1 || idle.length === 0)) return []
    const jobs = all.map(({ job }) => job)
    const sentence = `the request ${tag} made ${jobs.map(({ id }) => id).join(', ')}`
    return [
      violation(
        'several jobs',
        sentence,
        jobs,
        all.map(({ entry }) => entry),
      ),
    ]
  })
}
