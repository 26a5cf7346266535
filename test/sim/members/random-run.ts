import { Dice } from '../../chaos/dice.ts'
import type { Coordinator } from './coordinator.ts'
import { Field } from './field.ts'

/**
 * After the faults, all must agree within so long: the longest that a coordinator which distrusts itself gives a suspect whom no other knows. Nearly
 * all runs agree within seconds.
 */
const calmMs = 240_000
const mostCoordinators = 16

const faultKinds = [
  'kill',
  'switch_off',
  'pause',
  'part',
  'cut',
  'storm',
  'lag',
  'disk_lost',
  'join',
  'leave',
  'forget',
]
type FaultKind = (typeof faultKinds)[number]

export interface RandomOutcome {
  readonly seed: number
  /** What is broken, as a sentence. */
  readonly broken: string | undefined
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly settledMs: number | undefined
}

/** A random number of coordinators under random faults of every kind, then calm, in which all must come to agree. */
export function randomRun(seed: number, trace?: (line: string) => void): RandomOutcome {
  const dice = new Dice(seed).fork('random run')
  const lossChance = dice.pick([0, 0, 0.01, 0.03, 0.05])!
  const field = new Field({
    seed,
    network: { delayMs: dice.pick([1, 5, 40])!, slowChance: dice.pick([0, 0.02])!, slowMs: 400, lossChance },
    ...(trace && { trace }),
  })
  const faults = new RandomFaults(field, dice)
  faults.begin(dice.int(2, 12))
  field.run(dice.int(20_000, 120_000))
  faults.end()
  field.trace(() => 'faults stop')
  const settledMs = field.until(() => field.agrees, calmMs)
  // Calls from the time of faults may still fail, as late as a coordinator that distrusts itself waits; then what is agreed on stays so.
  if (settledMs !== undefined) field.run(20_000)
  field.until(() => field.agrees, 10_000)
  field.run(5_000)
  const left = field.disagreement() ?? cutOne(field, dice)
  const [mistake] = field.observer.falseDeaths
  const [unverified] = field.observer.unverifiedCalls
  const broken =
    (mistake &&
      `${mistake.by} declared ${mistake.of} dead at ${mistake.atMs.toFixed(0)} ms, which was never silent for long`) ??
    (unverified && `${unverified}, where nobody answered its challenge`) ??
    (left && `after the faults, ${left}`)
  return { seed, broken, faults: faults.counts, settledMs }
}

/** Cuts one link in a network that is calm and whole; answers what that led to, if anything. */
function cutOne(field: Field, dice: Dice): string | undefined {
  const { running, observer } = field
  if (running.length < 3) return undefined
  const [a, b] = [dice.pick(running)!, dice.pick(running)!]
  const before = observer.falseSuspicions
  // What is suspected of late may have had a reason.
  field.run(20_000)
  const mend = field.cut([a], [b])
  field.run(20_000)
  mend()
  if (observer.falseSuspicions > before) return `somebody was suspect when ${b.name} could not hear ${a.name}`
  field.until(() => field.agrees, 20_000)
  return field.disagreement()
}

class RandomFaults {
  readonly counts = new Map<FaultKind, number>()
  readonly #field: Field
  readonly #dice: Dice
  readonly #gone = new Set<Coordinator>()
  readonly #mends = new Set<() => void>()
  #over = false

  constructor(field: Field, dice: Dice) {
    this.#field = field
    this.#dice = dice
  }

  /** Each is given one URL or two of those before; the first ones know nobody. */
  begin(count: number): void {
    for (let made = 0; made < count; made += 1) this.#join(this.#dice.next() * 3_000)
    this.#field.run(3_000)
    for (const kind of faultKinds) {
      if (this.#dice.chance(0.5)) this.#next(kind, 4_000 * 10 ** this.#dice.next())
    }
  }

  end(): void {
    this.#over = true
    const { coordinators, network } = this.#field
    for (const mend of this.#mends) mend()
    network.heal()
    for (const coordinator of coordinators) {
      coordinator.lagMs = 0
      coordinator.resume()
      if (!this.#gone.has(coordinator)) coordinator.start()
    }
  }

  #next(kind: FaultKind, meanMs: number): void {
    this.#field.agenda.in(-Math.log(1 - this.#dice.next()) * meanMs, () => {
      if (this.#over) return
      const target = this.#dice.pick(this.#field.running)
      if (target && this.#strike(kind, target)) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
      this.#next(kind, meanMs)
    })
  }

  #strike(kind: FaultKind, target: Coordinator): boolean {
    const { agenda, running } = this.#field
    const dice = this.#dice
    const ms = 300 * 200 ** dice.next()
    this.#field.trace(() => `fault: ${kind} ${target.name} ${ms.toFixed(0)} ms`)
    switch (kind) {
      case 'kill':
        target.kill()
        break
      case 'switch_off':
        target.switchOff()
        break
      case 'disk_lost':
        target.loseDisk()
        break
      case 'pause':
        target.pause(ms)
        return true
      case 'part': {
        const left = running.filter(() => dice.chance(0.5))
        return this.#mendLater(
          this.#field.part(
            left,
            running.filter((it) => !left.includes(it)),
          ),
          ms,
        )
      }
      case 'cut':
        return this.#mendLater(this.#field.cut([target], [dice.pick(running)!]), ms)
      case 'storm':
        this.#field.storm(Math.min(ms, 1_000))
        return true
      case 'lag':
        target.lagMs = 400 * dice.next()
        agenda.in(ms, () => void (target.lagMs = 0))
        return true
      case 'join':
        return running.length < mostCoordinators && this.#join(0)
      case 'leave':
        // Somebody may still need it to get in.
        if (this.#field.coordinators.some(({ peerUrls }) => peerUrls.includes(target.url))) return false
        target.switchOff()
        this.#gone.add(target)
        return true
      default:
        return this.#forget(target)
    }
    agenda.in(ms, () => target.start())
    return true
  }

  #join(afterMs: number): boolean {
    const { coordinators, agenda } = this.#field
    const before = coordinators.filter((it) => !this.#gone.has(it))
    const peers = before.length === 0 ? [] : [this.#dice.pick(before)!, this.#dice.pick(before)!]
    const urls = [...new Set(peers.slice(0, this.#dice.int(1, 2)).map(({ url }) => url))]
    const coordinator = this.#field.add(urls)
    agenda.in(afterMs, () => coordinator.start())
    return true
  }

  #mendLater(mend: () => void, ms: number): boolean {
    this.#mends.add(mend)
    this.#field.agenda.in(ms, () => {
      mend()
      this.#mends.delete(mend)
    })
    return true
  }

  /** An operator says at one coordinator that another, which is dead there, never returns. */
  #forget(at: Coordinator): boolean {
    const { membership } = at.process!
    const dead = membership.peers().filter(({ state, instance }) => {
      const owner = this.#field.owners.get(instance)!
      return state === 'dead' && (owner.instance !== instance || this.#gone.has(owner))
    })
    const peer = this.#dice.pick(dead)
    if (!peer) return false
    membership.forget(peer.instance, at.now)
    return true
  }
}
