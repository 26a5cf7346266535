import type { LedgerRecord, PeerMessage } from '@skyclaw/protocol'
import { isDeepStrictEqual } from 'node:util'
import { Dice } from '../../chaos/dice.ts'
import type { PulledPage, PullRequest } from '../../../packages/coordinator/src/mesh/mesh.ts'
import { recordRules } from '../../../packages/coordinator/src/ledger/record-rules.ts'
import type { Register } from '../../../packages/coordinator/src/mesh/store.ts'
import type { ValueRules } from '../../../packages/coordinator/src/mesh/value-rules.ts'
import { Coverage } from '../report/coverage.ts'
import { describeMessage, describeWrite } from '../report/describe.ts'
import type { TraceSink } from '../report/trace.ts'
import { CallAudit } from '../history/call-audit.ts'
import { History } from '../history/history.ts'
import { MessageAudit } from '../history/message-audit.ts'
import { watchedRules } from '../history/watched-rules.ts'
import { Agenda } from './agenda.ts'
import { Clock } from './clock.ts'
import type { DiskPool } from './disk.ts'
import { Machine } from './machine.ts'
import { Deafness } from './deafness.ts'
import type { Heirs } from './heirs.ts'
import { Member, urlOf } from './member.ts'
import { Network } from './network.ts'
import type { Plan } from './plan.ts'
import { WireCheck } from './wire-check.ts'

export interface Violation {
  readonly sentence: string
  readonly key: string
  readonly atMs: number
}

/** An instance id, from the making of its database on. */
interface Instance {
  readonly id: string
  readonly machine: Machine
}

/** Records of one page of a feed: few, so that there are several pages. */
const pageRecords = 7
/** A question for a page that was lost is given up after so long. */
const pullTimeoutMs = 400

/** Everything there is in a run: machines, the network between them, what is known of what happened. */
export class World {
  readonly agenda = new Agenda()
  readonly coverage = new Coverage()
  readonly plan: Plan
  readonly dice: Dice
  readonly rules: ValueRules
  readonly network: Network
  readonly deafness: Deafness
  readonly history: History
  readonly calls: CallAudit
  readonly machines: Machine[] = []
  readonly instances = new Map<string, Instance>()
  violation: Violation | undefined
  /** Faults are over: views become right, disks hold, machines come back. */
  calm = false
  /** M as it should be everywhere in the end. */
  newMinimum: number
  heirs: Heirs | undefined
  readonly #messages: MessageAudit
  readonly #wire = new WireCheck()
  readonly #pool: DiskPool
  readonly #trace: TraceSink | undefined

  constructor(plan: Plan, pool: DiskPool, trace: TraceSink | undefined) {
    this.plan = plan
    this.newMinimum = plan.minReplications
    this.#pool = pool
    this.#trace = trace
    this.dice = new Dice(plan.seed).fork('world')
    const onViolation = (sentence: string, key: string) => this.violate(sentence, key)
    const now = () => this.agenda.now
    const { retentionMs } = plan
    this.history = new History({ isFinal: (value) => recordRules.isFinal(value), onViolation, now, retentionMs })
    this.rules = watchedRules(plan.lapseMs, this.history.contents)
    this.calls = new CallAudit(this.history, onViolation)
    this.#messages = new MessageAudit(this.history, onViolation)
    this.deafness = new Deafness(this)
    this.network = new Network(this.agenda, this.dice.fork('network'), plan.network)
  }

  get going(): boolean {
    return this.violation === undefined
  }

  violate(sentence: string, key = ''): void {
    this.trace(() => `VIOLATION ${key}: ${sentence}`)
    this.violation ??= { sentence, key, atMs: Math.round(this.agenda.now) }
  }

  trace(line: () => string): void {
    this.#trace?.add(this.agenda.now, line())
  }

  get tracing(): boolean {
    return this.#trace !== undefined
  }

  /** A machine with a new disk, not started yet. */
  addMachine(): Machine {
    const name = `n${this.machines.length + 1}`
    const dice = this.dice.fork(name)
    const clock = new Clock(this.plan.clocks, dice.fork('clock'))
    const disk = this.#pool.take(this.#newInstance(name))
    const { agenda, plan, rules, heirs } = this
    const machine: Machine = new Machine(name, {
      world: {
        ...{ agenda, plan, rules, heirs },
        transmit: (from, to, messages) => this.#transmit(from, to, messages),
        pull: (by, from, request) => this.#pull(by, from, request),
        count: (event) => this.coverage.count(event),
        trace: (line) => this.trace(line),
        failed: (on, error) => this.violate(`${on.name} threw ${error instanceof Error ? error.stack : String(error)}`),
        crashed: () => undefined,
      },
      dice,
      clock,
      member: (made) => new Member(this, made),
      disk,
      mirror: this.history.mirror(disk.instance),
      minReplications: this.newMinimum,
    })
    machine.member.clear(this.#othersThan(machine))
    this.machines.push(machine)
    this.#mount(machine)
    return machine
  }

  /** The disk is lost: the machine goes on with a new one, as another instance. */
  replaceDisk(machine: Machine): void {
    machine.crash()
    const old = machine.instance
    machine.disk.format(this.#newInstance(machine.name))
    machine.member.clear(this.#othersThan(machine))
    this.#mount(machine)
    this.trace(() => `${machine.name} loses the disk of ${old}, and is ${machine.instance} now`)
  }

  /** After a restart the database must hold what its commits said, no more and no less. */
  checkDisk(machine: Machine): void {
    if (!this.dice.chance(0.1)) return
    const { mirror, disk, name } = machine
    disk.reload()
    for (const [key, row] of mirror.registers) {
      if (!isDeepStrictEqual(timeless(disk.mesh.register(key)), timeless(row)))
        this.violate(`${name} lost its register`, key)
    }
    for (const [key, record] of mirror.known) {
      if (!isDeepStrictEqual(plain(disk.mesh.known(key)), plain(record)))
        this.violate(`${name} lost a known value`, key)
    }
    const unlearned = disk.mesh.unlearned('', 1_000)
    if (unlearned.length !== mirror.unlearned.size) this.violate(`${name} lost count of its unlearned registers`)
  }

  /** The machines are configured with each other. When `grown`, they have met and caught up, as in a network that has run for a while. */
  introduceAll(grown: boolean): void {
    for (const machine of this.machines) {
      const { disk, member, instance, mirror } = machine
      member.clear(this.#othersThan(machine))
      if (!grown) continue
      disk.mesh.saveCounter('bootstrapped', 1)
      for (const write of disk.mesh.writes.splice(0)) mirror.apply(write)
      for (const other of this.machines) if (other.instance !== instance) member.introduce(other.instance, other.name)
    }
  }

  /** Faults stop: the network heals, pauses end, clocks are set, M is the same everywhere. */
  becomeCalm(): void {
    this.calm = true
    this.network.heal()
    for (const machine of this.machines) {
      machine.disk.fault = undefined
      machine.resume()
      machine.clock.correct()
      machine.minReplications = this.newMinimum
    }
  }

  isCurrent(instance: string): boolean {
    return this.instances.get(instance)?.machine.instance === instance
  }

  machineAt(url: string): Machine | undefined {
    return this.machines.find(({ name }) => urlOf(name) === url)
  }

  /** Whose an instance is or was. */
  readonly owners = (instance: string): Machine | undefined => this.instances.get(instance)?.machine

  giveBackDisks(): void {
    for (const machine of this.machines) {
      machine.process = undefined
      this.#pool.giveBack(machine.disk)
    }
  }

  #mount(machine: Machine): void {
    const { instance, disk } = machine
    const mirror = this.history.mirror(instance)
    machine.mirror = mirror
    this.instances.set(instance, { id: instance, machine })
    disk.onCommit = (writes) => {
      if (writes.length === 0) return
      this.history.committed(instance, writes)
      if (this.tracing)
        for (const write of writes)
          this.trace(() => `${machine.name} stores ${describeWrite(write, this.history.contents)}`)
    }
  }

  #othersThan(machine: Machine): string[] {
    return this.machines.filter((other) => other !== machine).map(({ name }) => name)
  }

  #newInstance(machine: string): string {
    return `${this.dice.int(0x1000, 0xffff).toString(16)}-${machine}-${this.instances.size}`
  }

  #transmit(from: Machine, to: string, messages: readonly PeerMessage[]): void {
    const sender = from.instance
    for (const message of messages) {
      this.#messages.sent(sender, message)
      this.trace(() => `${from.name} to ${to}: ${describeMessage(message, this.history.contents)}`)
    }
    this.coverage.messages += messages.length
    const target = this.instances.get(to)?.machine
    if (!target) return
    // Some batches stay together, and their answers come back as the answer of the request; others are torn apart.
    if (messages.length > 1 && this.dice.chance(0.5))
      for (const message of messages) this.#carry(from, target, to, [message])
    else this.#carry(from, target, to, messages)
  }

  #carry(from: Machine, target: Machine, to: string, batch: readonly PeerMessage[]): void {
    const sender = from.instance
    let arriving = batch
    try {
      arriving = this.#wire.pass(sender, batch)
    } catch (error) {
      this.violate(`${sender} sent what is refused: ${String(error)}: ${JSON.stringify(batch)}`, '')
    }
    const asked = this.dice.chance(0.5)
    this.network.carry(from.name, target.name, () => {
      if (target.instance !== to) return
      const reply = (answers: readonly PeerMessage[]) => {
        if (target.isUp && answers.length > 0) this.#transmit(target, sender, answers)
      }
      target.receive(sender, arriving, asked ? reply : undefined)
    })
  }

  /** Question and answer travel as messages do, and either may be lost. */
  #pull(by: Machine, from: string, request: PullRequest): void {
    const { process } = by
    let answered = false
    const settle = (answer: () => void) => {
      if (answered || by.process !== process) return
      answered = true
      answer()
    }
    this.agenda.in(pullTimeoutMs, () => settle(() => by.missPage(from)))
    const target = this.instances.get(from)?.machine
    if (!target) return
    this.network.carry(by.name, target.name, () => {
      if (!target.isUp || target.instance !== from || target.isPaused) return
      target.settle()
      const page = target.disk.readPage({ ...request, limit: Math.min(request.limit, pageRecords) })
      const full = { ...page, request }
      for (const { record } of page.records) if (record) this.#sentRecord(from, record)
      this.coverage.pages += 1
      this.network.carry(target.name, by.name, () => settle(() => this.#takePage(by, from, full)))
    })
  }

  #takePage(by: Machine, from: string, page: PulledPage): void {
    this.trace(() => `${by.name} reads ${page.records.length} of the feed of ${from}, since ${page.request.since}`)
    by.takePage(from, page)
  }

  #sentRecord(from: string, record: LedgerRecord): void {
    this.#messages.sentRecord(from, record)
  }
}

/** As JSON has it: fields that are undefined are none. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

/** When a register was written counts only while it has accepted nothing. */
function timeless(row: Register | undefined): unknown {
  return plain(row?.accepted ? { ...row, touchedAt: 0 } : row)
}
