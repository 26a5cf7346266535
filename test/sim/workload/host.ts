import type { JobRecord } from '@skyclaw/protocol'
import { isDue } from '../../../packages/coordinator/src/core/lifecycle.ts'
import { claimTag } from '../../../packages/coordinator/src/ledger/record-key.ts'
import type { ChangeResult, Step } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { Machine } from '../world/machine.ts'
import { type Actor, isSettled } from './client.ts'
import { completeJob, hashOf, type Held, leaseJob, releaseJob } from './jobs.ts'

/** Candidates that one claim tries at most. */
const maxCandidates = 4
const pauseMs = 60

interface Claim {
  readonly claimKey: string
  readonly tries: number
}

/** Claims jobs, works, and reports; a report is sent until somebody answers it. Now and then it falls silent for good. */
export class Host {
  readonly #actor: Actor
  /** The leases that it works under. */
  readonly holding = new Map<string, Held>()
  #present = true
  #life = 0

  constructor(actor: Actor) {
    this.#actor = actor
  }

  get name(): string {
    return this.#actor.name
  }

  start(): void {
    this.#later(() => this.#claim({ claimKey: this.#newClaimKey(), tries: 1 }))
  }

  /** It is switched off: what it was about to do is not done, and its leases are lost. */
  leave(): void {
    this.#present = false
    this.#life += 1
    this.holding.clear()
  }

  come(): void {
    this.#present = true
    this.start()
  }

  get isPresent(): boolean {
    return this.#present
  }

  /** A coordinator has a job for it that it did not ask for. */
  takeAt(machine: Machine, key: string, within?: Step): void {
    const { calls, name } = this.#actor
    const command = leaseJob(`${name} inherits ${calls.next()}`, key, { hostId: name, claimKey: this.#newClaimKey() })
    const work = (answer: ChangeResult) => {
      if (answer.ok && answer.changed && answer.value?.kind === 'job') this.#work(key, answer.value)
    }
    calls.changeAt(machine, command, work, within)
  }

  #later(next: () => void, ms = pauseMs * this.#actor.world.plan.pace): void {
    const { world, dice } = this.#actor
    const life = this.#life
    world.agenda.in(ms * (0.5 + dice.next()), () => {
      if (this.#present && this.#life === life) next()
    })
  }

  #newClaimKey(): string {
    return hashOf(`${this.name} ${this.#actor.calls.next()}`)
  }

  /** A repeated claim first looks for what the one before may have got. */
  #claim(claim: Claim): void {
    const { world, dice, calls, name } = this.#actor
    const machine = dice.pick(world.machines)!
    if (claim.tries === 1) return this.#take(machine, claim, maxCandidates)
    calls.find(`${name} again`, machine, 'tag', claimTag(claim.claimKey), (found) => {
      if (found === 'silence') return this.#again(claim)
      const mine = found.records.find(({ value }) => value.kind === 'job' && value.lease?.claim?.key === claim.claimKey)
      if (!mine) return this.#take(machine, claim, maxCandidates)
      world.coverage.count('lost claim found')
      this.#work(mine.key, mine.value as JobRecord)
    })
  }

  #again({ claimKey, tries }: Claim): void {
    this.#later(() =>
      this.#claim(tries < 4 ? { claimKey, tries: tries + 1 } : { claimKey: this.#newClaimKey(), tries: 1 }),
    )
  }

  /** Tries what the coordinator knows to be queued, the oldest first. */
  #take(machine: Machine, claim: Claim, left: number): void {
    const { calls, name, dice } = this.#actor
    const candidates = candidatesOf(machine)
    const key = candidates[dice.chance(0.7) ? 0 : dice.int(0, candidates.length - 1)]
    if (key === undefined || left === 0) return this.#again({ claimKey: this.#newClaimKey(), tries: 0 })
    const command = leaseJob(`${name} claim ${calls.next()}`, key, { hostId: name, claimKey: claim.claimKey })
    calls.change(name, machine, command, (answer) => {
      if (answer !== 'silence' && answer.ok && answer.value?.kind === 'job') return this.#work(key, answer.value)
      if (isSettled(answer)) this.#take(machine, claim, left - 1)
      else this.#again(claim)
    })
  }

  #work(key: string, job: JobRecord): void {
    const { world, dice } = this.#actor
    const { silentChance } = world.plan.workload
    const workMs = world.calm ? pauseMs : world.plan.workload.workMs
    const held = { key, hostId: this.name, attempt: job.attempts }
    if (this.#present) this.holding.set(key, held)
    this.#later(() => {
      if (!world.calm && dice.chance(silentChance)) {
        // Silent for long enough to lose the lease; some come back with a result all the same.
        this.holding.delete(key)
        return this.#later(() => (dice.chance(0.5) ? this.#report(held) : this.start()), workMs * 3 + 500)
      }
      this.#report(held)
    }, workMs)
  }

  #report(held: Held): void {
    const { calls, dice, name } = this.#actor
    const kind = dice.next()
    const success = kind < 0.75
    const call = calls.next()
    const label = `${name} ${kind < 0.9 ? 'complete' : 'release'} ${call}`
    this.#deliver(held, () =>
      kind < 0.9 ? completeJob(label, held, { success, call: calls.next() }) : releaseJob(label, held),
    )
  }

  #deliver(held: Held, command: () => ReturnType<typeof releaseJob>): void {
    const { world, dice, calls, name } = this.#actor
    calls.change(name, dice.pick(world.machines)!, command(), (answer) => {
      if (!isSettled(answer)) return this.#later(() => this.#deliver(held, command))
      this.holding.delete(held.key)
      this.start()
    })
  }
}

function candidatesOf(machine: Machine): string[] {
  const jobs: JobRecord[] = []
  for (const { value } of machine.mirror.known.values()) {
    if (value.kind === 'job' && value.status === 'queued' && isDue(value, machine.wall)) jobs.push(value)
  }
  jobs.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  return jobs.map(({ id }) => `job:${id}`)
}
