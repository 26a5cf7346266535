import type { PeerMessage } from '@skyclaw/protocol'
import type { BallotCounter } from './ballot-counter.ts'
import type { Core } from './core.ts'
import type { Knowledge } from './knowledge.ts'
import { isLeft } from './locate.ts'
import type { Step } from './mesh.ts'
import type { Round } from './round.ts'
import { compareBallots } from './version.ts'

export type Setback = Extract<PeerMessage, { type: 'refused' | 'moved' }>

/** What a round that does not go on touches. */
export interface SetbackParts {
  readonly core: Core
  readonly knowledge: Knowledge
  readonly ballots: BallotCounter
}

/**
 * Notes that a replica did not go along with a round. What becomes of the round: it goes on (`open`), too many have refused (`lost`), the
 * record goes on elsewhere (`left`), or so many have forgotten it that it can be kept no more (`gone`).
 */
export function takeSetback(
  step: Step,
  { core, knowledge, ballots }: SetbackParts,
  round: Round,
  from: string,
  reply: Setback,
): 'open' | 'lost' | 'left' | 'gone' {
  const { store, rules, hooks, members } = core
  if (reply.type === 'moved') {
    knowledge.learn(step, reply.record)
    const known = store.known(round.key)
    if (known && isLeft(rules, round.place, known)) {
      hooks.count('seal_followed')
      return 'left'
    }
    round.refuse(from, { ...reply, type: 'refused', reason: 'foreign' })
  } else {
    if (reply.reason === 'ballot' && reply.promised) {
      if (compareBallots(reply.promised, round.ballot) <= 0) return 'open'
      ballots.observe(reply.promised.n)
    }
    round.refuse(from, reply)
    if (round.isGone((id) => members.neverReturns(id))) {
      hooks.count('gone_dropped')
      knowledge.forget(round.key)
      return 'gone'
    }
  }
  return round.isLost ? 'lost' : 'open'
}
