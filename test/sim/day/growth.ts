import type { Machine } from '../world/machine.ts'
import type { Plan } from '../world/plan.ts'
import type { World } from '../world/world.ts'
import { collectionsOf } from './collections.ts'

/** What coordinators held at one time: of each, the most that one of them did. */
export interface Hour {
  readonly atMs: number
  readonly records: number
  readonly registers: number
  readonly unlearned: number
}

const looksADay = 24
/** What the last third of a day holds at most, as a multiple of the most that was held in the third before it. */
const mostGrowth = 1.5
/** Records that come and go are not so few that one more were growth. */
const fewRecords = 50
/** In a map or list of a coordinator that has nothing to do: more than there are members, hosts and timers of any kind. */
const fewEntries = 100
/** Caches keep what has ended until there is no room: their own limits bound them. */
const caches = /leftovers|#byKey|held|cache|base/i

/** Fields that lead from a coordinator to the world around it. */
const beside: ReadonlySet<string> = new Set(['#world', '#machine'])

/** Looks whether what a coordinator keeps is bounded, by what is young and by what lives, and not by what has been. */
export class Growth {
  readonly hours: Hour[] = []
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  look(world: World): void {
    const every = this.#plan.safetyMs / looksADay
    if (world.agenda.now >= every * (this.hours.length + 1)) this.hours.push(heldBy(world))
  }

  /** When all has come to rest, what ended is forgotten, too, by everybody: then only what lives is left, on disks and in memory. */
  atRest(world: World): void {
    const third = Math.floor(this.hours.length / 3)
    const most = (hours: readonly Hour[]) => Math.max(...hours.map(({ records }) => records))
    const [before, last] = [most(this.hours.slice(third, 2 * third)), most(this.hours.slice(2 * third))]
    if (last > before * mostGrowth + fewRecords) {
      return world.violate(`a coordinator held ${last} records late in the day, and before at most ${before}`)
    }
    world.agenda.runUntil(world.agenda.now + 2 * this.#plan.retentionMs, () => world.going)
    if (!world.going) return
    this.hours.push(heldBy(world))
    for (const machine of world.machines) {
      const sentence = leftOnDisk(world, machine) ?? leftInMemory(machine)
      if (sentence) return world.violate(`long after all ended, ${machine.name} has ${sentence}`)
    }
  }
}

function heldBy({ agenda, machines }: World): Hour {
  const most = (count: (machine: Machine) => number) => Math.max(...machines.map(count))
  return {
    atMs: agenda.now,
    records: most(({ mirror }) => mirror.known.size),
    registers: most(({ mirror }) => mirror.registers.size),
    unlearned: most(({ mirror }) => mirror.unlearned.size),
  }
}

function leftOnDisk({ instances, history }: World, { disk, mirror }: Machine): string | undefined {
  const hosts = [...history.records.keys()].filter((key) => key.startsWith('host:')).length
  for (const { key, value } of mirror.known.values()) if (value.kind !== 'host') return `${key} on its disk`
  for (const [table, rows] of disk.rows()) {
    const most = { records: hosts, registers: hosts, members: instances.size, answers: 0 }[table]
    if (most !== undefined && rows > most)
      return `${rows} rows of ${table} on its disk, and should at most have ${most}`
  }
  return undefined
}

function leftInMemory({ process, disk, member }: Machine): string | undefined {
  const { mesh, driver } = process!
  const collections = collectionsOf({ mesh, driver, ledger: disk.mesh, member }, beside)
  const large = collections.find(({ path, size }) => size > fewEntries && !caches.test(path))
  return large && `${large.size} entries in ${large.path}`
}
