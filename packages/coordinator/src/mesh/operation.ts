import type { Proposal, RecordValue, ReplicaSet } from '@skyclaw/protocol'
import type { Decision } from '../core/decision.ts'
import type { ChangeRequest, ChangeResult, Step } from './mesh.ts'
import type { Round } from './round.ts'
import type { Place } from './version.ts'

/** Besides what a caller may decide: to go on in a next generation, on another replica set. */
export type OperationDecision = Decision<RecordValue> | { readonly kind: 'move'; readonly set: ReplicaSet }

export interface OperationRequest extends Omit<ChangeRequest, 'decide' | 'done'> {
  readonly decide: (current: RecordValue | null, key: string, set: ReplicaSet) => OperationDecision
  /** A value that is kept is written anew, with a new time. */
  readonly refresh?: boolean
  /** Called after the commit. */
  readonly done?: ChangeRequest['done']
  /** Called within the turn in which the operation ended. */
  readonly atEnd?: (step: Step, result: ChangeResult) => void
  /** Where the register is, when only another coordinator's answer says so. */
  readonly place?: Place | undefined
  /** The register of that place can have been created by this coordinator only, and was not. */
  readonly begins?: boolean
}

/** What the caller is told once the proposal is chosen. */
export type Verdict =
  | { readonly kind: 'changed' | 'kept' | 'sealed' }
  | { readonly kind: 'refused'; readonly error: Error }

const firstBackoffMs = 10
const maxBackoffMs = 400

/** A change on its way: it may take several rounds, in several generations. */
export class Operation {
  readonly request: OperationRequest
  /** Operations of one lane run one after the other. */
  readonly lane: string
  readonly deadline: number
  /** The record's key; of a derived key, once it is known which: until then its round is in a register that is presumed. */
  key: string | undefined
  place: Place | undefined
  round: Round | undefined
  verdict: Verdict | undefined
  /** Monotonic milliseconds: when the next round begins. */
  wakeAt: number | undefined
  #tries = 0
  /** Whether the others were asked what they hold, and whether enough of them answered. */
  asked: 'no' | 'waiting' | 'all' | 'some' = 'no'
  /** Whether a proposal has left: the change may come true without this operation. */
  proposed = false
  over = false
  /** What it proposed to write, so that it is recognised when it comes back. */
  #written: RecordValue[] | undefined

  constructor(request: OperationRequest, deadline: number) {
    this.request = request
    this.lane = request.key
    this.deadline = deadline
    this.key = request.keyFor ? undefined : request.key
    this.place = request.place
  }

  /** Whether there is nothing to do before the others have said which record it is about. */
  get isAsking(): boolean {
    return this.key === undefined && this.asked === 'waiting' && !this.round && this.wakeAt === undefined
  }

  /** Leaves the record to others for a while, longer each time. `share` is a random one, drawn out by the pace. */
  sleep(now: number, share: number): void {
    this.wakeAt = now + Math.min(maxBackoffMs, firstBackoffMs * 2 ** this.#tries) * share
    this.#tries += 1
  }

  /** Nobody holds any more what it was about: with a derived key, the others are asked for the next one. */
  loseRecord(): void {
    this.place = undefined
    if (!this.request.keyFor) return
    this.key = undefined
    this.asked = 'no'
  }

  /** What the caller makes of a value. One whose decision fails is refused: nothing else may come to harm by it. */
  decide(
    value: RecordValue | null,
    set: ReplicaSet,
  ): OperationDecision | { readonly kind: 'refuse'; readonly error: Error } {
    try {
      return this.request.decide(value, this.key ?? this.request.key, set)
    } catch (error) {
      return { kind: 'refuse', error: error instanceof Error ? error : new Error(String(error)) }
    }
  }

  /** What it makes of the current value; `isKnown` when that need not be written back. */
  judge(
    from: Current | undefined,
    { set }: Place,
    isKnown: boolean,
    timeOf: (value: RecordValue) => number,
  ): Judgement {
    const decision = this.decide(from?.value ?? null, set)
    return judge(decision, from, timeOf, isKnown, this.request.refresh)
  }

  /** Notes what it proposes to write. */
  propose(value: RecordValue): void {
    if (!this.#written?.includes(value)) (this.#written ??= []).push(value)
  }

  /** The verdict of an own earlier proposal that comes back as what stands. */
  recognise(value: RecordValue): Verdict | undefined {
    for (const own of this.#written ?? []) {
      if (own === value || JSON.stringify(own) === JSON.stringify(value)) return { kind: 'changed' }
    }
    return undefined
  }
}

export function givenUp(): Error {
  return Object.assign(new Error('the caller gave up before the change was tried'), { name: 'AbortError' })
}

export interface Judgement {
  readonly verdict: Verdict
  readonly proposal?: Proposal
}

/** What a decision is made about. */
export type Current = Omit<Proposal, 'moved'>

/**
 * What is to be proposed after a decision, if anything is, and what the caller is told when that is chosen. `isKnown`: what it was made
 * about is the last that was chosen, and need not be written back.
 */
function judge(
  decision: ReturnType<Operation['decide']>,
  from: Current | undefined,
  writingTimeOf: (value: RecordValue) => number,
  isKnown: boolean,
  refresh = false,
): Judgement {
  if (decision.kind === 'write') {
    return {
      verdict: { kind: 'changed' },
      proposal: { value: decision.value, writtenAt: writingTimeOf(decision.value) },
    }
  }
  if (decision.kind === 'move' && from) {
    // Written anew: those who join must not take it for one that was forgotten.
    return {
      verdict: { kind: 'sealed' },
      proposal: { value: from.value, moved: decision.set, writtenAt: writingTimeOf(from.value) },
    }
  }
  const verdict: Verdict = decision.kind === 'refuse' ? { kind: 'refused', error: decision.error } : { kind: 'kept' }
  if (!from || (isKnown && !refresh)) return { verdict }
  return { verdict, proposal: { value: from.value, writtenAt: refresh ? writingTimeOf(from.value) : from.writtenAt } }
}
