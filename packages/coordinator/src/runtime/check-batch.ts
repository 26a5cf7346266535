import { type BodyOf, ProblemError, type Routes } from '@skyclaw/protocol'
import type { Sightings } from '../network/sightings.ts'
import { wrongMessage } from './message-check.ts'

export type Batch = BodyOf<Routes['replicateMessages']>

export interface BatchReceiver {
  readonly instance: string
  readonly isMember: (instance: string) => boolean
  readonly sightings: Sightings
}

/** Throws a ProblemError when anything about a batch of messages is wrong: then none of it is to be taken. Notes its sender otherwise. */
export function checkBatch({ from, to, boot, turn, messages }: Batch, receiver: BatchReceiver): void {
  const { instance, isMember, sightings } = receiver
  if (to !== instance) refuse('to', `is for instance ${to}, and this is ${instance}`)
  if (!isMember(from)) throw notAMember(from)
  for (const [index, message] of messages.entries()) {
    const wrong = wrongMessage(message, from)
    if (wrong !== undefined) refuse(`messages.${index}`, wrong)
  }
  if (sightings.see({ instance: from, boot, turn })) return
  const seen = sightings.turnOf(from)
  throw new ProblemError('stale_instance', `turn ${seen} of instance ${from} was seen, and this is its turn ${turn}`)
}

export function notAMember(instance: string): ProblemError {
  const detail = `instance ${instance} is no member here: it has to join, and to answer a challenge at its URL`
  return new ProblemError('not_a_member', detail)
}

function refuse(field: string, what: string): never {
  throw new ProblemError('invalid_request', `${field}: ${what}`, { field })
}
