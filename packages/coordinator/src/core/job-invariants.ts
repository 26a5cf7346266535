import { checkPayload, isTerminal, type JobRecord, limits, redacted } from '@skyclaw/protocol'
import { normaliseRequirement } from './matching.ts'

/**
 * What must hold of every job record, whatever happened to it. Records from outside (snapshots) are checked by it before they
 * are merged, and the tests check it after every step.
 *
 * @returns the sentence that is broken, or null
 */
export function brokenInvariant(job: JobRecord): string | null {
  const last = job.attemptHistory.at(-1)
  const open = job.attemptHistory.filter((entry) => entry.outcome === undefined)
  const normal = normaliseRequirement(job.requirement, job.payload)
  const capabilities = job.requirement.requiredCapabilities ?? []
  const normalCapabilities = normal.requirement.requiredCapabilities ?? []
  const secrets = Object.values(job.payload.secretEnv ?? {})
  const rules: [boolean, string][] = [
    [job.attemptHistory.length === job.attempts, 'each attempt has one entry in the history'],
    [job.attemptHistory.every((entry, index) => entry.attempt === index + 1), 'fences count up from 1'],
    [(job.status === 'leased') === (job.lease !== undefined), 'a job has a lease exactly while it is leased'],
    [
      !job.lease || (job.lease.attempt === job.attempts && last?.hostId === job.lease.hostId),
      'the lease is that of the last attempt',
    ],
    [open.length === (job.status === 'leased' ? 1 : 0), 'one attempt is open while the job is leased, else none'],
    [!job.lease || last?.outcome === undefined, 'the open attempt is the last'],
    [job.status !== 'completed' || last?.outcome === 'completed', 'a completed job has a completed attempt'],
    [job.status !== 'completed' || job.result !== undefined, 'a completed job has a result'],
    [job.result === undefined || isTerminal(job.status), 'only a job that has ended has a result'],
    [job.failures <= job.attempts && job.failures <= job.maxAttempts, 'the failures are within their budget'],
    [job.leaseLosses <= job.maxLeaseLosses + 1, 'the lease losses are within their budget'],
    [isTerminal(job.status) || job.failures < job.maxAttempts, 'a job that has not ended may fail once more'],
    [isTerminal(job.status) || job.leaseLosses <= job.maxLeaseLosses, 'a job that has not ended may lose a lease'],
    [job.status !== 'queued' || job.attempts < limits.attemptsTotal, 'a queued job has an attempt left'],
    [job.status !== 'queued' || job.cancelRequestedAt === undefined, 'a job that was asked to end is not queued'],
    [job.duplicateOf === undefined || job.status === 'cancelled', 'a duplicate is cancelled'],
    [job.duplicateOf !== job.id && !job.twins?.includes(job.id), 'a job is no twin of itself'],
    [secrets.every((value) => value === redacted), 'values of secretEnv are in no record'],
    [secrets.length > 0 === (job.sealedEnv !== undefined), 'a job with secrets has them sealed'],
    [job.retryOf !== job.id, 'a job does not repeat itself'],
    [checkPayload(job.payload) === null, 'the payload is of one form'],
    [normal.key === job.requirementKey, 'the requirement key is that of the requirement'],
    [
      capabilities.length === normalCapabilities.length &&
        capabilities.every((name, index) => name === normalCapabilities[index]),
      'the requirement is in normal form',
    ],
  ]
  return rules.find(([holds]) => !holds)?.[1] ?? null
}
