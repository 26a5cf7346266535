import type { AttemptOutcome } from '@skyclaw/protocol'
import {
  digestOf,
  type Done,
  type Entry,
  hasEnded,
  type History,
  isDone,
  type JobView,
  type ReportEntry,
} from '../entry.ts'
import { type Violation, violation } from '../violation.ts'
import { firstAnswers } from './reads.ts'

interface Look {
  readonly entry: Done<'look'>
  readonly job: JobView
}

/** Each job as each coordinator shows it after all is quiet. */
export function looksOf(history: History): Map<string, Look[]> {
  const looks = history.filter(isDone('look')).flatMap((entry) => entry.jobs.map((job) => ({ entry, job })))
  return Map.groupBy(looks, ({ job }) => job.id)
}

/** What was acknowledged is there in the end, everywhere, ended, and the same. */
export function checkKept(history: History): Violation[] {
  const looks = looksOf(history)
  const wholes = history.filter(isDone('look at all'))
  const found: Violation[] = []
  for (const [id, acknowledged] of firstAnswers(history)) {
    const here = looks.get(id) ?? []
    const lacking = wholes.find((whole) => !here.some(({ entry }) => entry.coordinator === whole.coordinator))
    if (lacking) found.push(violation('lost', `${id} was acknowledged and is gone`, [{ id }], [acknowledged, lacking]))
  }
  for (const [id, [first, ...others]] of looks) {
    const open = [first!, ...others].find(({ job }) => !hasEnded(job))
    if (open) found.push(violation('not ended', `${id} never ended`, [open.job], [open.entry]))
    const other = others.find(({ job }) => digestOf(job) !== digestOf(first!.job))
    if (!other) continue
    const names = `${first!.entry.coordinator} and ${other.entry.coordinator}`
    found.push(violation('disagree', `${names} show ${id} differently`, [first!.job], [first!.entry, other.entry]))
  }
  return found
}

/** A result is one that a host has had, and the one of the host that it is ascribed to. */
export function checkResults(history: History): Violation[] {
  const reports = Map.groupBy(history.filter(isDone('report')), ({ id }) => id)
  const runs = Map.groupBy(history.filter(isDone('run')), ({ tag }) => tag)
  return [...looksOf(history)].flatMap(([id, [look]]) => {
    const { entry, job } = look!
    if (job.status !== 'completed') return []
    const hostId = job.attempts.at(-1)?.hostId
    const isFromReport = ({ who, attempt, outcome, stdout }: ReportEntry) =>
      who === hostId && attempt === job.attempts.length && outcome === 'completed' && stdout === job.stdout
    const isFromRun = ({ who, stdout }: Done<'run'>) => who === hostId && stdout === job.stdout
    if (reports.get(id)?.some(isFromReport) || runs.get(job.tag)?.some(isFromRun)) return []
    return [violation('result of nobody', `no host has had the result of ${id}`, [job], [entry])]
  })
}

const recordedAs: Readonly<Record<ReportEntry['outcome'], readonly AttemptOutcome[]>> = {
  completed: ['completed'],
  failed: ['failed', 'cancelled'],
  drained: ['drained'],
}

/** A report that was acknowledged is what is recorded of its attempt. */
export function checkReports(history: History): Violation[] {
  const looks = looksOf(history)
  return history.filter(isDone('report')).flatMap((report) => {
    const [look] = looks.get(report.id) ?? []
    if (report.until === undefined || !report.jobs || !look) return []
    const { entry, job } = look
    const outcome = job.attempts[report.attempt - 1]?.outcome
    const isLast = report.attempt === job.attempts.length
    const isRecorded = outcome !== undefined && recordedAs[report.outcome].includes(outcome)
    const isKept =
      report.outcome !== 'completed' || (job.status === 'completed' && isLast && job.stdout === report.stdout)
    if (isRecorded && isKept) return []
    const sentence = `the acknowledged report of attempt ${report.attempt} of ${job.id} is not recorded`
    return [violation('report undone', sentence, [job], [report, entry])]
  })
}

/** A cancel that was acknowledged holds, and nothing is cancelled that nobody asked to. */
export function checkCancels(history: History): Violation[] {
  const looks = looksOf(history)
  const cancels = history.filter(isDone('cancel'))
  const found: Violation[] = []
  const claims = Map.groupBy(
    history.filter(isDone('claim')).flatMap((entry) => entry.jobs.map((job) => ({ entry, job }))),
    ({ job }) => job.id,
  )
  for (const cancel of cancels) {
    const [job] = cancel.jobs ?? []
    if (!job || cancel.until === undefined) continue
    const later = (claims.get(job.id) ?? []).find(({ entry }) => entry.at > cancel.until!)
    const look = looks.get(job.id)?.[0]
    const isEnded = look?.job.status === 'cancelled' || (look?.job.status === 'completed' && job.status === 'leased')
    const holds = !look || (isEnded && look.job.attempts.length === job.attempts.length)
    const shows: Entry | undefined = later?.entry ?? (holds ? undefined : look.entry)
    if (shows) found.push(violation('cancel undone', `${job.id} went on after its cancel`, [job], [cancel, shows]))
  }
  const tagOf = new Map([...looks].map(([id, [look]]) => [id, look!.job.tag]))
  const asked = new Set(cancels.flatMap(({ id }) => [id, tagOf.get(id)]))
  for (const [id, [look]] of looks) {
    const { job, entry } = look!
    if (job.status !== 'cancelled' || job.duplicateOf !== undefined || asked.has(id) || asked.has(job.tag)) continue
    found.push(violation('cancelled by nobody', `nobody asked to cancel ${id}`, [job], [entry]))
  }
  return found
}
