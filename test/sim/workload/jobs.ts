import { type HostRecord, type JobRecord, type RecordValue, redacted } from '@skyclaw/protocol'
import { createHash } from 'node:crypto'
import type { Dice } from '../../chaos/dice.ts'
import { type Decision, keep, write } from '../../../packages/coordinator/src/core/decision.ts'
import * as lifecycle from '../../../packages/coordinator/src/core/lifecycle.ts'
import { newJobRecord } from '../../../packages/coordinator/src/jobs/new-job.ts'
import { derivedJobStem } from '../../../packages/coordinator/src/jobs/job-id.ts'
import { derivedJobKey, hostKey, jobKey } from '../../../packages/coordinator/src/ledger/record-key.ts'
import type { Command } from './calls.ts'

/** What every job of a run has in common. */
const template = newJobRecord(
  { payload: { kind: 'shell', command: 'true', secretEnv: { KEY: redacted } } },
  { id: 'x', now: 0, sequence: 0, sealedEnv: 'sealed' },
)

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** An id like those of version 7, from dice. */
export function randomJobId(dice: Dice): string {
  const hex = (chars: number) => {
    let text = ''
    while (text.length < chars) text += dice.int(0, 15).toString(16)
    return text
  }
  return `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`
}

interface NewJob {
  readonly call: number
  readonly maxAttempts: number
  /** How much later than now it is to run; by default not at all. */
  readonly delayMs?: number
}

function born(id: string, wall: number, { call, maxAttempts, delayMs = 0 }: NewJob, bodyHash?: string): JobRecord {
  const times = { createdAt: wall, updatedAt: wall, runAt: wall + Math.floor(delayMs), sequence: call }
  return { ...template, id, ...times, maxAttempts, ...(bodyHash !== undefined && { bodyHash }) }
}

/** A job that nobody will ask for twice. */
export function enqueueFresh(label: string, id: string, job: NewJob): Command {
  return {
    label,
    key: jobKey(id),
    fresh: true,
    decide: (current, _key, wall) => lifecycle.enqueue(asJob(current), born(id, wall, job)),
  }
}

/** The job of an idempotency key. */
export function enqueueKeyed(label: string, idempotencyKey: string, job: NewJob): Command {
  const { base, keyFor } = derivedJobKey(derivedJobStem({ token: undefined, key: idempotencyKey }))
  const bodyHash = hashOf(idempotencyKey)
  return {
    label,
    key: base,
    keyFor,
    decide: (current, key, wall) =>
      lifecycle.enqueue(asJob(current), born(key.slice('job:'.length), wall, job, bodyHash)),
  }
}

export function cancelJob(label: string, key: string): Command {
  return {
    label,
    key,
    decide: (current, _key, wall) => lifecycle.cancel(asJob(current), { reason: label, now: wall }),
  }
}

export function readRecord(label: string, key: string): Command {
  return { label, key, decide: () => keep }
}

export interface ClaimBy {
  readonly hostId: string
  readonly claimKey: string
}

export function leaseJob(label: string, key: string, { hostId, claimKey }: ClaimBy): Command {
  const claim = { key: claimKey, bodyHash: claimKey }
  return { label, key, decide: (current, _key, wall) => lifecycle.lease(asJob(current), { hostId, now: wall, claim }) }
}

export interface Held {
  readonly key: string
  readonly hostId: string
  readonly attempt: number
}

export function completeJob(label: string, held: Held, { success, call }: { success: boolean; call: number }): Command {
  const { hostId, attempt } = held
  const used = { durationMs: call, usage: { cpuMs: call, stdoutBytes: label.length } }
  const report = { hostId, attempt, success, ...used, exitCode: success ? 0 : 1, stdout: label, stderr: '' }
  return {
    label,
    key: held.key,
    decide: (current, _key, wall) => lifecycle.complete(asJob(current), { ...report, now: wall, random: 0.01 }),
  }
}

export function releaseJob(label: string, { key, hostId, attempt }: Held): Command {
  return {
    label,
    key,
    decide: (current, _key, wall) => lifecycle.release(asJob(current), { hostId, attempt, now: wall }),
  }
}

export function loseJob(label: string, { key, hostId, attempt }: Held): Command {
  const input = { hostId, attempt, reason: label, random: 0.01 }
  return { label, key, decide: (current, _key, wall) => lifecycle.lose(asJob(current), { ...input, now: wall }) }
}

/** A host record is never final: it shows that what stays is kept, and moves along when coordinators come and go. */
export function registerHost(label: string, id: string): Command {
  const { base, keyFor } = hostKey(id)
  return {
    label,
    key: base,
    keyFor,
    decide: (current, _key, wall): Decision<RecordValue> => {
      if (current && current.kind !== 'host') throw new Error('a host record is not a job')
      const host: HostRecord = {
        kind: 'host',
        id,
        name: label,
        capabilities: ['shell'],
        maxParallel: 1,
        labels: {},
        registeredAt: current?.registeredAt ?? wall,
        updatedAt: wall,
        ...(current && { wanted: current.wanted ?? { state: 'draining', since: wall, deadlineMs: 1 } }),
      }
      return write(host)
    },
  }
}

function asJob(value: RecordValue | null): JobRecord | null {
  if (value && value.kind !== 'job') throw new Error(`a ${value.kind} is no job`)
  return value
}
