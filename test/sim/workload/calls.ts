import type { LedgerRecord, RecordValue } from '@skyclaw/protocol'
import type { Decision } from '../../../packages/coordinator/src/core/decision.ts'
import type { ChangeResult, FindRequest, Mesh, Step } from '../../../packages/coordinator/src/mesh/mesh.ts'
import { describeResult } from '../report/describe.ts'
import type { Call } from '../history/call-audit.ts'
import type { Machine } from '../world/machine.ts'
import type { World } from '../world/world.ts'

/** A change that somebody wants of a coordinator. */
export interface Command {
  readonly label: string
  readonly key: string
  readonly keyFor?: ((lineage: string) => string) | undefined
  readonly fresh?: boolean
  /** Milliseconds since 1970 come from the clock of the coordinator that decides. */
  readonly decide: (current: RecordValue | null, key: string, wall: number) => Decision<RecordValue>
}

/** What the caller gets: an answer, or nothing within its patience. */
export type Answer = ChangeResult | 'silence'

export interface Found {
  readonly records: readonly LedgerRecord[]
  readonly complete: boolean
}

interface Open {
  readonly call: Call
  readonly machine: Machine
  readonly process: Machine['process']
  /** On the clock of the coordinator. */
  readonly since: number
}

type Input = (step: Step, mesh: Mesh) => void
type Make = (call: Call, end: () => void) => { into: Input }

/** Every call gets its answer within its time and this; or some ticks, where they are longer. */
const usualGraceMs = 2_500
const graceTicks = 4

/** How clients, hosts and coordinators themselves have records changed: by calls, which a network that loses some carries. */
export class Calls {
  readonly #world: World
  readonly #open = new Set<Open>()
  #made = 0

  constructor(world: World) {
    this.#world = world
  }

  /** A number that no other call has. */
  next(): number {
    this.#made += 1
    return this.#made
  }

  /** From a client or host, over the network. `answered` is called once. */
  change(actor: string, machine: Machine, command: Command, answered: (answer: Answer) => void): void {
    this.#ask(actor, machine, answered, (answer) => this.changeAt(machine, command, answer))
  }

  find(
    actor: string,
    machine: Machine,
    by: FindRequest['by'],
    text: string,
    answered: (found: Found | 'silence') => void,
  ) {
    this.#ask<Found>(actor, machine, answered, (answer) => this.#findAt(actor, machine, { by, text }, answer))
  }

  /** Within a coordinator, and within the input of a turn if that is given. Its answer does not come if the coordinator ends first. */
  changeAt(machine: Machine, command: Command, answered: (answer: ChangeResult) => void, within?: Step): void {
    const { process } = machine
    if (!process) return
    const { calls } = this.#world
    const { label, key, keyFor, fresh, decide } = command
    const make: Make = (call, end) => ({
      into: (step, mesh) =>
        mesh.change(step, {
          key,
          keyFor,
          fresh,
          decide: (current, actual) => {
            const decision = decide(current, actual, machine.wall)
            calls.decided(call, actual, current, decision)
            return decision
          },
          done: (result) => {
            this.#world.trace(
              () => `${machine.name} answers ${label}: ${describeResult(result, this.#world.history.contents)}`,
            )
            calls.answered(call, result)
            end()
            answered(result)
          },
        }),
    })
    this.#run(machine, label, key, make, within)
  }

  /** Every call that its coordinator lived to answer must be answered in time. */
  checkAnswered(): void {
    const { changeTimeoutMs, tickMs } = this.#world.plan
    const limitMs = changeTimeoutMs + Math.max(usualGraceMs, graceTicks * tickMs)
    for (const open of this.#open) {
      const { machine, process, since, call } = open
      if (machine.process !== process) this.#open.delete(open)
      else if (!machine.isPaused && machine.monotonic - Math.max(since, machine.resumedAt) > limitMs) {
        this.#world.violate(`${call.label} at ${machine.name} was never answered`, call.key)
      }
    }
  }

  #findAt(
    actor: string,
    machine: Machine,
    what: Pick<FindRequest, 'by' | 'text'>,
    answered: (found: Found) => void,
  ): void {
    const { calls } = this.#world
    const label = `${actor} find ${what.text}`
    this.#run(machine, label, what.text, (call, end) => {
      const expected = calls.expected(what.by, what.text)
      return {
        into: (step, mesh) =>
          mesh.find(step, {
            ...what,
            done: (found) => {
              this.#world.trace(
                () =>
                  `${machine.name} answers ${label}: ${found.complete ? 'all of' : 'some of'} ${found.records.map((record) => record.key)}`,
              )
              this.#world.coverage.count(found.complete ? 'search complete' : 'search incomplete')
              if (found.complete) calls.found(call, what.by, expected, found.records)
              end()
              answered(found)
            },
          }),
      }
    })
  }

  #run(machine: Machine, label: string, key: string, make: Make, within?: Step): void {
    const { process } = machine
    if (!process) return
    const work: Input = (step, mesh) => {
      const call = this.#world.calls.begin({
        label,
        key,
        minReplications: () => machine.minReplications,
        knows: (instance: string) => instance === machine.instance || machine.member.knows(instance),
      })
      const open: Open = { call, machine, process, since: step.now }
      this.#open.add(open)
      this.#world.trace(() => `${machine.name} begins ${label}`)
      make(call, () => this.#open.delete(open)).into(step, mesh)
    }
    if (within) work(within, process.mesh)
    else process.driver.run(work).catch(() => undefined)
  }

  #ask<A>(
    actor: string,
    machine: Machine,
    answered: (answer: A | 'silence') => void,
    at: (answer: (answer: A) => void) => void,
  ): void {
    const { agenda, network, plan, dice } = this.#world
    let settled = false
    let taken = false
    const settle = (answer: A | 'silence') => {
      if (settled) return
      settled = true
      answered(answer)
    }
    agenda.in(plan.changeTimeoutMs * (0.3 + dice.next()), () => settle('silence'))
    network.carry(actor, machine.name, () => {
      if (taken) return
      taken = true
      at((answer) => network.carry(machine.name, actor, () => settle(answer)))
    })
  }
}
