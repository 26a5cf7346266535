import { hash } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { derivedStemChars, timedIdPrefix } from '../ledger/record-key.ts'

/** Reaches over the whole network: the same token, key and place in a batch name the same job everywhere. */
export interface EnqueueKey {
  /** What the key came with, if not with `enqueueJob`: a key of one operation is not that of another. */
  readonly operation?: 'retryJob' | undefined
  readonly token: string | undefined
  readonly key: string
  /** The place in a batch, for items that share the batch's key. */
  readonly index?: number | undefined
}

const timedKey = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** An id for a job that nobody will ask for twice: a UUID that sorts by time (RFC 9562, version 7). */
export function randomJobId(): string {
  return uuidv7()
}

/**
 * What the ids of all jobs begin with that an idempotency key stands for: a UUID made of its hash (RFC 9562, version 8), without its
 * last eight digits. Those stand for the coordinators that agree on the job. When the key is a UUID of version 7, as the client makes
 * them, the id begins with its time instead.
 */
export function derivedJobStem({ operation, token, key, index }: EnqueueKey): string {
  const parts = [operation ?? 'enqueueJob', token ?? '', key, ...(index === undefined ? [] : [String(index)])]
  const digits = hash('sha256', JSON.stringify(parts), 'hex')
  const variant = (8 + (Number.parseInt(digits[16]!, 16) & 3)).toString(16)
  const start = timeOf(key) ?? digits.slice(0, 8)
  const rest = `${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 24)}`
  return `${start}-${rest}`.slice(0, derivedStemChars)
}

function timeOf(key: string): string | undefined {
  const [, high, low] = timedKey.exec(key) ?? []
  return high === undefined || low === undefined ? undefined : timedIdPrefix(Number.parseInt(high + low, 16))
}
