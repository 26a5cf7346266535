import type { Coverage } from './report/coverage.ts'
import type { TraceSink } from './report/trace.ts'
import { Calls } from './workload/calls.ts'
import { Client } from './workload/client.ts'
import { Host } from './workload/host.ts'
import { HostTraffic } from './workload/host-traffic.ts'
import { RandomHeirs } from './workload/random-heirs.ts'
import { Rescuer } from './workload/rescuer.ts'
import { unsettled } from './convergence.ts'
import { DiskPool } from './world/disk.ts'
import { Faults } from './world/faults.ts'
import type { Machine } from './world/machine.ts'
import { tendRecords } from './world/operator.ts'
import { type Plan, planOf } from './world/plan.ts'
import { supervise } from './world/supervisor.ts'
import { type Violation, World } from './world/world.ts'

export interface Outcome {
  readonly seed: number
  readonly violation: Violation | undefined
  readonly virtualMs: number
  readonly events: number
  readonly coverage: Coverage
}

/** What else is looked at in a run. */
export interface Looks {
  /** After each second of virtual time while there are faults. */
  readonly often?: (world: World) => void
  /** When all has come to rest. */
  readonly inTheEnd?: (world: World) => void
}

const pool = new DiskPool()

const lookEveryMs = 250
/** In calm, everything must be found settled so often in a row: what is settled stays so. */
const looksSettled = 3

/** Runs the simulation of one seed: a time of faults, then calm, until all has come to rest or something is broken. */
export function runSeed(seed: number, trace?: TraceSink): Outcome {
  return runPlan(planOf(seed), trace)
}

export function runPlan(plan: Plan, trace: TraceSink | undefined, looks: Looks = {}): Outcome {
  const world = new World(plan, pool, trace)
  world.trace(() => `plan ${JSON.stringify({ ...plan, faults: [...plan.faults] })}`)
  const calls = populate(world)
  const going = () => world.going
  for (let at = 1_000; at <= plan.safetyMs && going(); at += 1_000) {
    world.agenda.runUntil(Math.min(at, plan.safetyMs), going)
    calls.checkAnswered()
    looks.often?.(world)
  }
  if (going()) settle(world, calls)
  if (going()) world.calls.checkUnwritten()
  if (going()) looks.inTheEnd?.(world)
  world.giveBackDisks()
  return {
    seed: plan.seed,
    violation: world.violation,
    virtualMs: world.agenda.now,
    events: world.agenda.events,
    coverage: world.coverage,
  }
}

function populate(world: World): Calls {
  const { plan } = world
  const calls = new Calls(world)
  const hosts = new Map<string, Host>()
  const actor = (name: string) => ({ name, world, calls, dice: world.dice.fork(`actor ${name}`) })
  const addMachine = (): Machine => {
    const machine = world.addMachine()
    supervise(world, machine)
    new Rescuer(actor(`r${machine.name}`), machine, hosts).start()
    return machine
  }
  world.heirs = new RandomHeirs(actor('heirs'), hosts)
  for (let count = 0; count < plan.coordinators; count += 1) addMachine()
  world.introduceAll(plan.grown)
  for (const machine of world.machines) machine.start()
  for (let count = 1; count <= plan.workload.hosts; count += 1) {
    const host = new Host(actor(`h${count}`))
    hosts.set(host.name, host)
    host.start()
  }
  const { hostsGo, keyPeriodMs } = plan.workload
  if (hostsGo) new HostTraffic(world, hosts, hostsGo).start()
  const keys = () => {
    const period = Math.floor(world.agenda.now / keyPeriodMs)
    return Array.from({ length: plan.workload.keys }, (_, slot) => `k${slot}.${period}`)
  }
  for (let count = 1; count <= plan.workload.clients; count += 1) new Client(actor(`c${count}`), keys).start()
  new Faults(world, addMachine).start()
  return calls
}

/** Faults stop, the network heals, all come back: within a bounded time all must agree and nothing be stuck. */
function settle(world: World, calls: Calls): void {
  world.trace(() => 'faults stop')
  world.becomeCalm()
  tendRecords(world)
  const { calmMs, pace } = world.plan
  const going = () => world.going
  const start = world.agenda.now
  let left: string | undefined = 'nothing was looked at'
  for (let settled = 0; settled < looksSettled && going(); settled = left === undefined ? settled + 1 : 0) {
    if (world.agenda.now - start > calmMs)
      return world.violate(`${calmMs / 1_000} s after faults stopped, ${left}`, keyIn(left))
    world.agenda.runUntil(world.agenda.now + lookEveryMs * pace, going)
    calls.checkAnswered()
    left = unsettled(world)
  }
}

function keyIn(sentence: string | undefined): string {
  return sentence?.match(/\b(?:job|host|superseded):\S+/)?.[0] ?? ''
}
