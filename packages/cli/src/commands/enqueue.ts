import { SkyclawError } from '@skyclaw/client'
import { type EnqueueAnswer, limits, type NewJob, type Payload, type Requirement } from '@skyclaw/protocol'
import { uuidv7 } from 'uuidv7'
import type { Flags } from '../arguments/flag.ts'
import { jsonFlag } from '../arguments/flag.ts'
import { UsageError } from '../arguments/usage-error.ts'
import type { Values } from '../arguments/values.ts'
import type { Context } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { interruptible } from '../interruptible.ts'
import { envName, idempotencyKey as idempotencyKeyCheck, labelKey } from '../settings/checks.ts'
import { secretsFromFlags } from './secret-env.ts'

/** Flags of every command that enqueues. */
export const enqueueFlags = {
  requires: {
    type: 'string',
    valueHint: 'CAPABILITY',
    repeatable: true,
    description: 'A capability the host must have; several times or by commas',
  },
  label: { type: 'string', valueHint: 'KEY=VALUE', repeatable: true, description: 'A label the host must have' },
  priority: { type: 'string', valueHint: 'N', description: 'Higher runs first; default 0' },
  'run-at': {
    type: 'string',
    valueHint: 'TIME',
    description: 'Not before this time, such as 2027-01-31T06:00:00Z; without the Z or an offset it is local time',
  },
  delay: { type: 'string', valueHint: 'TIME', description: 'Not before this long from now: 90s, 15m, 2h, 1d' },
  'max-attempts': { type: 'string', valueHint: 'N', description: 'Tries that may fail by the job itself; default 1' },
  'max-lease-losses': { type: 'string', valueHint: 'N', description: 'Times its host may be lost; default 3' },
  'timeout-ms': {
    type: 'string',
    valueHint: 'MS',
    description: 'Time that one try may take; default that of its host',
  },
  cwd: { type: 'string', valueHint: 'DIR', description: 'Working directory on the host' },
  env: { type: 'string', valueHint: 'KEY=VALUE', repeatable: true, description: 'A variable of its environment' },
  'secret-env': {
    type: 'string',
    valueHint: 'NAME[=VALUE]',
    repeatable: true,
    description: 'A secret variable, kept sealed and out of its output; without VALUE, that of NAME here',
  },
  'idempotency-key': {
    type: 'string',
    valueHint: 'KEY',
    description: 'Enqueued again with the same key, it is the same job',
  },
  ...jsonFlag,
} as const satisfies Flags

const delayUnitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const maxDelayMs = 3_660 * 86_400_000

type FlagContext = Pick<Context, 'values' | 'io'>

/** What the flags say of how a job runs, whatever it runs. */
export function placeFromFlags(context: FlagContext): Pick<Payload, 'cwd' | 'env' | 'secretEnv' | 'timeoutMs'> {
  const { values } = context
  const env = values.pairs('env', envName)
  const secretEnv = secretsFromFlags(context)
  const twice = Object.keys(secretEnv).find((name) => Object.hasOwn(env, name))
  if (twice !== undefined) throw new UsageError(`--env and --secret-env both name ${twice}`)
  const cwd = values.string('cwd')
  const timeoutMs = values.integer('timeout-ms', 1, limits.timeoutMs)
  return {
    ...(cwd !== undefined && { cwd }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(Object.keys(secretEnv).length > 0 && { secretEnv }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  }
}

/** The job that the flags and the payload make. Throws a UsageError. */
export function newJobFromFlags(payload: Payload, values: Values, nowMs: number): NewJob {
  const requiredCapabilities = values.list('requires')
  const labels = values.pairs('label', labelKey)
  const requirement: Requirement = {
    ...(requiredCapabilities.length > 0 && { requiredCapabilities }),
    ...(Object.keys(labels).length > 0 && { labels }),
  }
  const priority = values.integer('priority', -limits.priority, limits.priority)
  const maxAttempts = values.integer('max-attempts', 1, limits.attempts)
  const maxLeaseLosses = values.integer('max-lease-losses', 0, limits.leaseLosses)
  const runAt = runAtFromFlags(values, nowMs)
  return {
    payload,
    ...(Object.keys(requirement).length > 0 && { requirement }),
    ...(priority !== undefined && { priority }),
    ...(runAt !== undefined && { runAt }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(maxLeaseLosses !== undefined && { maxLeaseLosses }),
  }
}

function runAtFromFlags(values: Values, nowMs: number): string | undefined {
  const at = values.string('run-at')
  const delay = values.string('delay')
  if (at !== undefined && delay !== undefined) throw new UsageError('--run-at and --delay exclude each other')
  if (at !== undefined) return readTime(at)
  if (delay === undefined) return undefined
  const [, count, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(delay) ?? []
  const delayMs = Number(count) * (delayUnitsMs[unit ?? ''] ?? Number.NaN)
  if (!(delayMs <= maxDelayMs)) {
    throw new UsageError(
      `--delay must be a time such as 90s, 15m, 2h or 1d, at most ${maxDelayMs / 86_400_000}d, not ${delay}`,
    )
  }
  return new Date(nowMs + delayMs).toISOString()
}

const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** ISO 8601 only: Date.parse makes a time of much else, 2001 of `1`. A day alone is its first moment here, not in London. */
function readTime(text: string): string {
  const time = isoTime.test(text) ? new Date(text.includes('T') ? text : `${text}T00:00`) : undefined
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new UsageError(`--run-at must be a time such as 2027-01-31T06:00:00Z, not ${text}`)
  }
  return time.toISOString()
}

/**
 * Enqueues. The key is made here when none is given, so that when nobody knows whether the job was made, the error can name what
 * to repeat.
 */
export async function enqueue(context: Context, newJob: NewJob, signal: AbortSignal): Promise<EnqueueAnswer> {
  const given = context.values.checked('idempotency-key', idempotencyKeyCheck)
  const idempotencyKey = given ?? uuidv7()
  try {
    return await context.client().call('enqueueJob', { body: newJob, idempotencyKey, signal })
  } catch (error) {
    if (error instanceof SkyclawError ? error.outcomeUnknown : signal.aborted) {
      context.io.stderr.write(
        `skyclaw: nobody knows whether the job was enqueued; repeated with --idempotency-key ${idempotencyKey} it is enqueued once\n`,
      )
    }
    throw error
  }
}

/** Enqueues and prints only the id, or the answer's JSON. */
export async function enqueueAndPrint(context: Context, payload: Payload): Promise<number> {
  const { io, values } = context
  const newJob = newJobFromFlags(payload, values, io.now())
  return interruptible(io, 'interrupted', async (signal) => {
    const answer = await enqueue(context, newJob, signal)
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : `${answer.job.id}\n`)
    return exitCodes.ok
  })
}
