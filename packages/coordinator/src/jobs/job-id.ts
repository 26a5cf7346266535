import { createHash } from 'node:crypto'
import { stringify, v7 } from 'uuid'
import { derivedStemChars } from '../ledger/record-key.ts'

/** Reaches over the whole network: the same token, key and place in a batch name the same job everywhere. */
export interface EnqueueKey {
  /** What the key came with, if not with `enqueueJob`: a key of one operation is not that of another. */
  readonly operation?: 'retryJob' | undefined
  readonly token: string | undefined
  readonly key: string
  /** The place in a batch, for items that share the batch's key. */
  readonly index?: number | undefined
}

/** An id for a job that nobody will ask for twice: a UUID that sorts by time (RFC 9562, version 7). */
export function randomJobId(): string {
  return v7()
}

/**
 * What the ids of all jobs begin with that an idempotency key stands for: a UUID made of its hash (RFC 9562, version 8), without its
 * last eight digits. Those stand for the coordinators that agree on the job.
 */
export function derivedJobStem({ operation, token, key, index }: EnqueueKey): string {
  const parts = [operation ?? 'enqueueJob', token ?? '', key, ...(index === undefined ? [] : [String(index)])]
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return stringify(bytes).slice(0, derivedStemChars)
}
