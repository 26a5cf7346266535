import type { LedgerRecord } from '@skyclaw/protocol'
import type { Dice } from '../../chaos/dice.ts'
import { epochMs } from '../world/clock.ts'
import type { Machine } from '../world/machine.ts'
import type { World } from '../world/world.ts'
import type { Answer, Calls, Command } from './calls.ts'
import { cancelJob, enqueueFresh, enqueueKeyed, randomJobId, readRecord, registerHost } from './jobs.ts'

export interface Actor {
  readonly name: string
  readonly world: World
  readonly calls: Calls
  readonly dice: Dice
}

/** A call is sent again, elsewhere, at most so often. */
const maxTries = 6

type Deed = 'fresh' | 'keyed' | 'cancel' | 'read' | 'read_all' | 'find' | 'register' | 'merge'

const deeds: readonly Deed[] = [
  ...Array.from({ length: 3 }, () => 'fresh' as const),
  ...Array.from({ length: 6 }, () => 'keyed' as const),
  ...Array.from({ length: 3 }, () => 'cancel' as const),
  ...Array.from({ length: 5 }, () => 'read' as const),
  'find',
  'register',
  'register',
  'merge',
]

/** Enqueues, cancels, reads and looks for jobs, one call after the other; a call whose answer does not come is sent again elsewhere. */
export class Client {
  readonly #actor: Actor
  /** Which of the run's idempotency keys are used now: later ones replace earlier ones. */
  readonly #keys: () => readonly string[]
  #busy = false

  constructor(actor: Actor, keys: () => readonly string[]) {
    this.#actor = actor
    this.#keys = keys
  }

  get isBusy(): boolean {
    return this.#busy
  }

  start(): void {
    this.#later()
  }

  #later(): void {
    const { world, dice } = this.#actor
    world.agenda.in(world.plan.workload.thinkMs * 2 * dice.next(), () => {
      if (world.calm) return
      this.#busy = true
      this.#act(dice.pick(deeds)!, () => {
        this.#busy = false
        this.#later()
      })
    })
  }

  #act(deed: Deed, done: () => void): void {
    const { dice, calls } = this.#actor
    const machine = this.#anyMachine()
    const label = `${this.#actor.name} ${deed} ${calls.next()}`
    if (deed === 'fresh') return this.#once(machine, enqueueFresh(label, randomJobId(dice), this.#newJob()), done)
    if (deed === 'keyed') return this.#enqueueKeyed(label, done)
    if (deed === 'register') return this.#insist(machine, () => registerHost(label, `h${dice.int(1, 2)}`), done)
    if (deed === 'merge') return this.#merge(machine, done)
    const key = this.#someKey()
    if (key === undefined) return done()
    if (deed === 'cancel') return this.#insist(machine, () => cancelJob(`${label}.${calls.next()}`, key), done)
    if (deed === 'find') return calls.find(label, machine, 'key', key, () => done())
    this.#once(machine, readRecord(label, key), done)
  }

  #newJob() {
    const { dice, calls, world } = this.#actor
    const { scheduled } = world.plan.workload
    const job = { call: calls.next(), maxAttempts: dice.int(1, 3) }
    return scheduled && dice.chance(scheduled.share) ? { ...job, delayMs: dice.next() * scheduled.latestMs } : job
  }

  /** Perhaps at several coordinators at once, as one that fails over too early does. */
  #enqueueKeyed(label: string, done: () => void): void {
    const { dice, calls, world } = this.#actor
    const idempotencyKey = dice.pick(this.#keys())!
    const command = () => enqueueKeyed(`${label}.${calls.next()}`, idempotencyKey, this.#newJob())
    if (dice.chance(world.plan.workload.scatterChance)) {
      for (const other of world.machines) if (dice.chance(0.5)) this.#once(other, command(), () => undefined)
    }
    this.#insist(this.#anyMachine(), command, done)
  }

  #once(machine: Machine, command: Command, done: () => void): void {
    this.#actor.calls.change(this.#actor.name, machine, command, () => done())
  }

  /** Until somebody answers for good. */
  #insist(machine: Machine, command: () => Command, done: () => void, tries = 1): void {
    const { world, calls, name, dice } = this.#actor
    calls.change(name, machine, command(), (answer) => {
      if (isSettled(answer) || tries >= maxTries || world.calm) return done()
      world.coverage.count('call repeated elsewhere')
      world.agenda.in(100 * dice.next(), () => this.#insist(this.#anyMachine(), command, done, tries + 1))
    })
  }

  /** Takes what one coordinator knows to another, as a restored backup does. One from before the retention would bring back what was forgotten. */
  #merge(from: Machine, done: () => void): void {
    const { world, dice } = this.#actor
    const { mergeShare } = world.plan.workload
    const oldest = epochMs + world.agenda.now - world.plan.retentionMs / 2
    const isRecent = ({ writtenAt }: LedgerRecord) => writtenAt > oldest && dice.chance(mergeShare)
    const records = [...from.mirror.known.values()].filter(isRecent)
    const to = this.#anyMachine()
    world.agenda.in(200 * dice.next(), () => {
      to.process?.driver.run((step, mesh) => void mesh.merge(step, records)).catch(() => undefined)
      done()
    })
  }

  #anyMachine(): Machine {
    const { world, dice } = this.#actor
    const up = world.machines.filter((machine) => machine.isUp)
    return dice.pick(up.length > 0 && dice.chance(0.9) ? up : world.machines)!
  }

  /** A record that somebody was told of, mostly a late one. */
  #someKey(): string | undefined {
    const { world, dice } = this.#actor
    const keys = world.calls.toldJobs
    if (keys.length === 0) return undefined
    return dice.chance(0.5) ? keys[keys.length - 1 - dice.int(0, Math.min(2, keys.length - 1))] : dice.pick(keys)
  }
}

/** Whether sending the call again would make no difference. */
export function isSettled(answer: Answer): boolean {
  if (answer === 'silence') return false
  if (answer.ok) return true
  const { error } = answer
  return !('problem' in error) || !error.problem.retryable
}
