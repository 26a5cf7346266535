import type { MemberEvent } from '../../../packages/coordinator/src/network/membership.ts'
import type { Coordinator } from './coordinator.ts'
import type { Field } from './field.ts'

/** A silence of so long may be taken for death: a suspect has hardly longer to refute. */
const longSilenceMs = 3_000
/** What was true so long ago may still be believed by somebody. */
const rumourMs = 60_000
/** A suspicion may be right when its subject was silent at all within so long. */
const suspicionRumourMs = 15_000

export interface Mistake {
  readonly by: string
  readonly of: string
  readonly atMs: number
}

/** How long it took until others saw that a coordinator has died, or is there. */
export interface Noticed {
  readonly kind: 'dead' | 'alive'
  readonly subject: string
  firstMs: number | undefined
  allMs: number | undefined
}

interface Watch extends Noticed {
  readonly since: number
  readonly coordinator: Coordinator
  readonly instance: string
  /** Who has not noticed yet. Who dies or stands still himself is not waited for. */
  readonly pending: Set<Coordinator>
}

/** Hears the events of all coordinators and compares them with the truth. */
export class Observer {
  falseSuspicions = 0
  readonly falseDeaths: Mistake[] = []
  /** Calls to a URL that has not answered a challenge. */
  readonly unverifiedCalls: string[] = []
  readonly noticed: Noticed[] = []
  readonly counts = new Map<string, number>()
  readonly #field: Field
  #watches: Watch[] = []

  constructor(field: Field) {
    this.#field = field
  }

  note(by: Coordinator, event: MemberEvent): void {
    const atMs = this.#field.agenda.now
    this.counts.set(event.kind, (this.counts.get(event.kind) ?? 0) + 1)
    this.#field.trace(() => `${by.name}: ${describe(event)}`)
    if (event.kind !== 'suspect' && event.kind !== 'dead' && event.kind !== 'alive') return
    const { instance } = event.peer
    const subject = this.#field.owners.get(instance)
    if (!subject) throw new Error(`${by.name} knows ${instance}, which never was`)
    for (const watch of this.#watches) {
      if (watch.instance === instance && watch.kind === event.kind && watch.pending.delete(by)) {
        watch.firstMs ??= atMs - watch.since
        if (watch.pending.size === 0) watch.allMs = atMs - watch.since
      }
    }
    this.#drop()
    if (event.kind === 'alive' || subject.instance !== instance) return
    if (event.kind === 'suspect') {
      if (subject.silence.within(suspicionRumourMs, atMs) === 0) this.falseSuspicions += 1
    } else if (subject.silence.within(rumourMs, atMs) < longSilenceMs) {
      this.falseDeaths.push({ by: by.name, of: subject.name, atMs })
      this.#field.trace(() => `FALSE DEATH of ${subject.name} at ${by.name}`)
    }
  }

  /** Measures until all that run now have noticed. */
  watch(kind: 'dead' | 'alive', coordinator: Coordinator): void {
    const { instance } = coordinator
    const pending = new Set(
      this.#field.coordinators.filter((other) => {
        if (other === coordinator || !other.isRunning) return false
        const state = other.process!.membership.peer(instance)?.state
        return kind === 'dead' ? state === 'alive' || state === 'suspect' : state !== 'alive' && state !== 'suspect'
      }),
    )
    if (pending.size === 0) return
    const since = this.#field.agenda.now
    const watch = { kind, subject: coordinator.name, since, coordinator, instance, pending }
    const noticed: Watch = { ...watch, firstMs: undefined, allMs: undefined }
    this.#watches.push(noticed)
    this.noticed.push(noticed)
  }

  /** Who no longer takes part is not waited for, and what is no longer true is not either. */
  stopped(coordinator: Coordinator): void {
    for (const { pending } of this.#watches) pending.delete(coordinator)
    this.#watches = this.#watches.filter((watch) => watch.kind === 'dead' || watch.coordinator !== coordinator)
    this.#drop()
  }

  started(coordinator: Coordinator): void {
    this.#watches = this.#watches.filter((watch) => watch.kind === 'alive' || watch.coordinator !== coordinator)
  }

  #drop(): void {
    this.#watches = this.#watches.filter(({ pending }) => pending.size > 0)
  }
}

function describe(event: MemberEvent): string {
  if ('peer' in event) return `${event.kind} ${event.peer.nodeId} (incarnation ${event.peer.incarnation})`
  if (event.kind === 'rejected') return `rejected ${event.candidate.nodeId}: ${event.reason}`
  if (event.kind === 'name_conflict') return 'name_conflict'
  return JSON.stringify(event)
}
