import type { LedgerRecord, PeerMessage } from '@skyclaw/protocol'
import { recordRules } from '../src/ledger/record-rules.ts'
import { createMesh } from '../src/mesh/create-mesh.ts'
import type { ChangeRequest, ChangeResult, FindRequest, Mesh, MeshEvent, MeshOptions, Step } from '../src/mesh/mesh.ts'
import { MeshStoreModel } from './mesh-store-model.ts'

const day = 86_400_000
export const retentionMs = 7 * day

interface Sent {
  readonly from: string
  readonly to: string
  readonly message: PeerMessage
}

type Answer<T extends { readonly done: (answer: never) => void }> = Parameters<T['done']>[0]

/** Mesh cores alone, with stores in memory: what they send arrives when the test says so, at once and in order. */
export class MeshCores {
  readonly stores = new Map<string, MeshStoreModel>()
  readonly events: MeshEvent[] = []
  /** Milliseconds since 1970. */
  wall = 100 * day
  /** Which coordinators can be reached. */
  readonly live: Set<string>
  /** What the clock of a coordinator says. */
  wallOf: (name: string) => number = () => this.wall
  /** To whom the next round of what is proposed is left. */
  heir: () => string | undefined = () => undefined
  /** Who was left the next round of which record. */
  readonly inherited: { readonly by: string; readonly key: string }[] = []
  /** Says what gets lost on its way. */
  loses: (sent: Sent) => boolean = () => false
  /** For how many milliseconds what is sent is on its way. */
  delayMs = 0
  /** Messages that were sent, by type. */
  readonly sent: PeerMessage['type'][] = []
  readonly #late: { readonly at: number; readonly sent: Sent }[] = []
  readonly #cores = new Map<string, Mesh>()
  readonly #names: readonly string[]
  readonly #queue: Sent[] = []
  #now = 0

  constructor(names: readonly string[], minReplications: number, more: Partial<MeshOptions> = {}) {
    this.#names = names
    this.live = new Set(names)
    for (const self of names) {
      const store = new MeshStoreModel()
      store.saveCounter('bootstrapped', 1)
      this.stores.set(self, store)
      const hooks = {
        learned: () => {},
        heir: () => this.heir(),
        inherited: (_: Step, { key }: LedgerRecord) => void this.inherited.push({ by: self, key }),
        warn: () => {},
        count: (event: MeshEvent) => void this.events.push(event),
      }
      const options = { self, minReplications: () => minReplications, retentionMs, ...more }
      this.#cores.set(self, createMesh({ store, rules: recordRules, hooks, options, random: () => 0.5 }, { now: 0 }))
    }
    this.meet()
  }

  /** Tells all who can be reached. */
  meet(): void {
    for (const self of this.#names) {
      const others = this.#names.filter((instance) => instance !== self)
      const members = others.map((instance) => ({ instance, alive: this.live.has(instance), ready: true, since: 0 }))
      this.input(self, (mesh, step) => mesh.setMembers(step, members))
    }
  }

  /** Gives one core an input, then delivers what that leads to. */
  input(self: string, input: (mesh: Mesh, step: Step) => void): void {
    this.#take(self, input)
    for (let sent = this.#queue.shift(); sent; sent = this.#queue.shift()) {
      this.sent.push(sent.message.type)
      if (this.delayMs > 0) this.#late.push({ at: this.#now + this.delayMs, sent })
      else this.#deliver(sent)
    }
  }

  /** Lets time go by, by the clocks on the wall too. */
  pass(ms: number, tickMs = 50): void {
    for (const end = this.#now + ms; this.#now < end;) {
      const by = Math.min(tickMs, end - this.#now)
      this.#now += by
      this.wall += by
      while (this.#late[0] && this.#late[0].at <= this.#now) this.#deliver(this.#late.shift()!.sent)
      for (const self of this.live) this.input(self, (mesh, step) => mesh.tick(step))
    }
  }

  change(self: string, request: Omit<ChangeRequest, 'done'>): Answer<ChangeRequest> {
    return this.#answered((done) => this.input(self, (mesh, step) => mesh.change(step, { ...request, done })))
  }

  find(self: string, request: Omit<FindRequest, 'done'>): Answer<FindRequest> {
    return this.#answered((done) => this.input(self, (mesh, step) => mesh.find(step, { ...request, done })))
  }

  #answered<T>(begin: (done: (answer: T) => void) => void): T {
    const answers: T[] = []
    begin((given) => void answers.push(given))
    for (let passed = 0; answers.length === 0 && passed < 10_000; passed += 50) this.pass(50)
    const [answer] = answers
    if (answer === undefined) throw new Error('there was no answer')
    return answer
  }

  #deliver({ from, to, message }: Sent): void {
    if (!this.live.has(from) || !this.live.has(to) || this.loses({ from, to, message })) return
    this.#take(to, (mesh, step) => mesh.receive(step, from, message))
  }

  #take(self: string, input: (mesh: Mesh, step: Step) => void): void {
    const effects: (() => void)[] = []
    const step: Step = {
      now: this.#now,
      wall: this.wallOf(self),
      send: (to, message) => void this.#queue.push({ from: self, to, message: structuredClone(message) }),
      pull: () => {},
      after: (effect) => void effects.push(effect),
      beforeSync: (effect) => effect(),
      hold: () => {},
    }
    input(this.#cores.get(self)!, step)
    for (const effect of effects) effect()
  }
}

export function taken(result: ChangeResult): Extract<ChangeResult, { ok: true }> {
  if (!result.ok) throw result.error
  return result
}
