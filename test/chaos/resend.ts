import { setTimeout as pause } from 'node:timers/promises'
import { type OperationId, problems, type ResponseOf, type Routes } from '@skyclaw/protocol'
import type { Answer, Caller, Request } from '../support/http.ts'
import type { Dice } from './dice.ts'
import type { Witness } from './witness.ts'

/** What an actor of the load needs. */
export interface Stage {
  readonly http: Caller
  readonly witness: Witness
  readonly dice: Dice
  /** Aborted when the actor is to end at once, as a process that is killed does. */
  readonly signal: AbortSignal
}

export interface Sent<Id extends OperationId> {
  readonly answer: Answer<Id>
  /** When the request was first sent: an answer that is kept for repeats may be as old. */
  readonly sentAt: number
}

/** Milliseconds until an unanswered request is sent again. */
const again = { minMs: 20, maxMs: 100 }

/**
 * Sends a request until it is answered, unchanged, as clients do: over kills and restarts. Answers `undefined` when the actor has to end
 * first. Refusals that are not expected are violations. What was done in part is sent again, too, until `isDone` says that it is done.
 */
export async function resend<Id extends OperationId>(
  { http, witness, dice, signal }: Stage,
  operationId: Id,
  request: Request<Id>,
  expected: readonly (keyof typeof problems)[] = [],
  isDone: (body: ResponseOf<Routes[Id]>) => boolean = () => true,
): Promise<Sent<Id> | undefined> {
  const sentAt = witness.now()
  for (let retry = 0; !signal.aborted; retry += 1) {
    const attempt = { ...request, signal, ...(retry > 0 && { retry }) }
    const answer = await http.call(operationId, attempt).catch(() => undefined)
    if (answer) witness.answers += 1
    if (answer?.ok) {
      if (isDone(answer.body)) return { answer, sentAt }
    } else if (answer && !answer.body.retryable) {
      if (!expected.includes(answer.body.code)) witness.violate(`${operationId} was refused`, [request, answer.body])
      return { answer, sentAt }
    }
    await rest(dice.int(again.minMs, again.maxMs), signal)
  }
  return undefined
}

/** Waits, or less long when the signal is aborted. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
