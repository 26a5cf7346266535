import type { Ask, Holding, Told } from '@skyclaw/protocol'
import { limits } from '@skyclaw/protocol'
import type { Core } from './core.ts'
import type { Step } from './mesh.ts'
import { compareVersions, termOf } from './version.ts'

export interface Findings {
  /** By instance; what this coordinator holds itself is among them. */
  readonly holdings: readonly { readonly from: string; readonly holding: Holding }[]
  /** False when so many did not answer that a record may exist which only they hold, or only they know to have the tag. */
  readonly complete: boolean
  readonly answered: ReadonlySet<string>
}

interface Question {
  readonly subject: Subject
  readonly waiting: Set<string>
  readonly holdings: { from: string; holding: Holding }[]
  readonly deadline: number
  readonly answered: Set<string>
  readonly done: (step: Step, findings: Findings) => void
}

export type Subject = Pick<Ask, 'by' | 'text'>

/** Asks all live coordinators what they hold, and answers such questions. */
export class Inquiries {
  readonly #core: Core
  readonly #open = new Map<string, Question>()
  /** Ids must differ from those of an earlier life of this instance, whose answers may still be on their way. */
  readonly #life: string
  #asked = 0

  constructor(core: Core) {
    this.#core = core
    this.#life = Math.floor(core.random() * 2 ** 48).toString(36)
  }

  get isAsking(): boolean {
    return this.#open.size > 0
  }

  /** Calls `done` when all live coordinators have answered, or after the time for it. */
  ask(step: Step, subject: Subject, done: Question['done']): void {
    const { members, options, pace, self } = this.#core
    this.#asked += 1
    const id = `${this.#life}-${this.#asked}`
    const waiting = new Set(members.alive())
    const holdings = this.#hold(subject).map((holding) => ({ from: self, holding }))
    const question = {
      subject,
      waiting,
      holdings,
      deadline: step.now + options.askTimeoutMs * pace.factor,
      answered: new Set<string>(),
      done,
    }
    this.#open.set(id, question)
    for (const to of waiting) step.send(to, { type: 'ask', id, ...subject })
    if (waiting.size === 0) this.#close(step, id, question)
  }

  answer({ id, by, text }: Ask): Told {
    return { type: 'told', id, holdings: asManyAsFit(this.#hold({ by, text })) }
  }

  told(step: Step, from: string, { id, holdings }: Told): void {
    const question = this.#open.get(id)
    if (!question?.waiting.delete(from)) return
    question.answered.add(from)
    const fitting = holdings.filter((holding) => this.#fits(question.subject, holding))
    question.holdings.push(...fitting.map((holding) => ({ from, holding })))
    if (question.waiting.size === 0) this.#close(step, id, question)
  }

  /** The members have changed: one that is dead is not waited for. */
  meet(step: Step): void {
    const { members } = this.#core
    for (const [id, question] of this.#open) {
      for (const instance of question.waiting) if (!members.isAlive(instance)) question.waiting.delete(instance)
      if (question.waiting.size === 0) this.#close(step, id, question)
    }
  }

  tick(step: Step): void {
    for (const [id, question] of this.#open) if (step.now >= question.deadline) this.#close(step, id, question)
  }

  #close(step: Step, id: string, { subject, holdings, answered, done }: Question): void {
    this.#open.delete(id)
    const { members, options } = this.#core
    // Who has not caught up may have lost what it knew, this coordinator too.
    const silent = members.silent(answered, step.now, options.repairAfterMs) + (this.#core.ready() ? 0 : 1)
    // A key stays with whoever accepted it. A tag does not: a later value without it may have been accepted over it, and not be chosen.
    const mayBeSilent = subject.by === 'tag' ? 0 : options.minReplications() - 1
    done(step, { holdings, complete: silent <= mayBeSilent, answered })
  }

  #hold({ by, text }: Subject): Holding[] {
    const { store } = this.#core
    const keys =
      by === 'key'
        ? [text]
        : by === 'base'
          ? store.keysWithBase(text, limits.toldRecords)
          : store.keysWithTag(text, limits.toldRecords)
    return keys.flatMap((key) => holdingOf(this.#core, key) ?? [])
  }

  /** What nobody asked for is left out: it could be taken for an answer. */
  #fits({ by, text }: Subject, { key, known, accepted }: Holding): boolean {
    if (by === 'key') return key === text
    if (by === 'base') return key.startsWith(text)
    const { rules } = this.#core
    return [known?.value, accepted?.proposal.value].some((value) => value && rules.tagOf(value) === text)
  }
}

/** From the first on: an answer that is larger than a body would not arrive at all. */
function asManyAsFit(holdings: Holding[]): Holding[] {
  let chars = 0
  const tooMany = holdings.findIndex((holding, index) => {
    if (holdings.length > 1) chars += JSON.stringify(holding).length
    return index > 0 && chars > limits.pageBytes
  })
  return tooMany < 0 ? holdings : holdings.slice(0, tooMany)
}

/** What is held of one record, what was accepted only when it is above what is known: nothing gives undefined. */
function holdingOf({ store }: Core, key: string): Holding | undefined {
  const known = store.known(key)
  const row = store.register(key)
  const { accepted, proposal } = row ?? {}
  const version = row && accepted && { ...termOf(row), ballot: accepted }
  const above = version && (!known || compareVersions(version, known.version) > 0)
  if (!known && !above) return undefined
  return { key, ...(known && { known }), ...(above && proposal && { accepted: { version, set: row.set, proposal } }) }
}
