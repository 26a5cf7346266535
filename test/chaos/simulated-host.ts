import type { Job } from '@skyclaw/protocol'
import { resend, rest, type Stage } from './resend.ts'

export interface SimulatedHostOptions {
  readonly id: string
  readonly capabilities: readonly string[]
  /** A silence longer than this costs its leases. */
  readonly leaseMs: number
}

interface Held {
  readonly id: string
  readonly attempt: number
  /** Aborted when the coordinator asked for its end. */
  readonly cancel: AbortController
  lost: boolean
}

const claimLoops = 3
const maxWorkMs = 200

/** A host without processes: claims, beats, works by waiting, reports. Now and then it freezes for longer than its lease. */
export class SimulatedHost {
  readonly #stage: Stage
  readonly #options: SimulatedHostOptions
  readonly #held = new Map<string, Held>()
  #frozen: Promise<void> = Promise.resolve()

  constructor(stage: Stage, options: SimulatedHostOptions) {
    this.#stage = stage
    this.#options = options
  }

  /** Works until the stage's signal is aborted: then it is gone, with whatever it held. */
  async run(): Promise<void> {
    const { id, capabilities } = this.#options
    const body = { hostId: id, name: id, capabilities: [...capabilities], maxParallel: 8 }
    await resend(this.#stage, 'registerHost', { body, key: this.#stage.dice.name() })
    await Promise.all([this.#beat(), ...Array.from({ length: claimLoops }, () => this.#claim())])
  }

  /** Stops everything for a time, as a process that is swapped out or suspended does. */
  freeze(ms: number): void {
    this.#frozen = rest(ms, this.#stage.signal)
  }

  get #over(): boolean {
    return this.#stage.signal.aborted
  }

  async #beat(): Promise<void> {
    const { id, leaseMs } = this.#options
    while (!this.#over) {
      await this.#frozen
      const jobs = [...this.#held.values()].map((held) => ({ id: held.id, attempt: held.attempt }))
      const body = { jobs, activeLeases: jobs.length }
      const sent = await resend(this.#stage, 'heartbeat', { params: { id }, body, key: this.#stage.dice.name() })
      await this.#frozen
      if (!sent?.answer.ok) continue
      for (const ref of sent.answer.body.cancel) this.#held.get(fenceOf(ref))?.cancel.abort()
      for (const ref of sent.answer.body.lost) this.#lose(fenceOf(ref))
      await rest(leaseMs / 5, this.#stage.signal)
    }
  }

  #lose(fence: string): void {
    const held = this.#held.get(fence)
    if (held) held.lost = true
  }

  async #claim(): Promise<void> {
    const { dice, witness } = this.#stage
    const { id } = this.#options
    const works = new Set<Promise<void>>()
    while (!this.#over) {
      await this.#frozen
      const waits = dice.chance(0.7) && { waitMs: dice.int(1, 400) }
      const body = { ...waits, ...(dice.chance(0.6) && { max: dice.int(1, 4) }) }
      const key = dice.name()
      const sent = await resend(this.#stage, 'claimJobs', { params: { id }, body, key })
      await this.#frozen
      if (!sent?.answer.ok) continue
      const { job, jobs = job ? [job] : [] } = sent.answer.body
      if (jobs.length > (body.max ?? 1)) witness.violate('a claim was given more jobs than it asked for', jobs)
      for (const leased of jobs) {
        witness.leased(id, key, leased, sent.sentAt)
        const work = this.#work(leased).finally(() => works.delete(work))
        works.add(work)
      }
      if (jobs.length === 0 && !waits) await rest(dice.int(5, 40), this.#stage.signal)
    }
    await Promise.all(works)
  }

  async #work({ id, attempts: attempt }: Job): Promise<void> {
    const { dice, signal } = this.#stage
    const held: Held = { id, attempt, cancel: new AbortController(), lost: false }
    this.#held.set(fenceOf(held), held)
    await rest(dice.int(0, maxWorkMs), AbortSignal.any([signal, held.cancel.signal]))
    await this.#frozen
    if (!held.lost && !this.#over) await (dice.chance(0.05) ? this.#release(held) : this.#report(held))
    this.#held.delete(fenceOf(held))
  }

  async #report({ id, attempt, cancel }: Held): Promise<void> {
    const { dice, witness } = this.#stage
    const success = !cancel.signal.aborted && dice.chance(0.85)
    const stdout = `attempt ${attempt} of ${id} at ${this.#options.id}, ${dice.name()}`
    const ended = {
      success,
      durationMs: 1,
      exitCode: success ? 0 : 1,
      stdout,
      stderr: '',
      ...(!success && { error: 'chaos' }),
    }
    const body = { hostId: this.#options.id, attempt, ...ended }
    const sent = await resend(this.#stage, 'completeJob', { params: { id }, body, key: dice.name() }, ['lease_lost'])
    if (!sent?.answer.ok) return
    const { job } = sent.answer.body
    witness.reported(job, attempt, { outcomes: success ? ['completed'] : ['failed', 'cancelled'], stdout }, sent.sentAt)
  }

  async #release({ id, attempt }: Held): Promise<void> {
    const { dice, witness } = this.#stage
    const request = { params: { id }, body: { hostId: this.#options.id, attempt }, key: dice.name() }
    const sent = await resend(this.#stage, 'releaseJob', request, ['lease_lost'])
    if (sent?.answer.ok) witness.reported(sent.answer.body.job, attempt, { outcomes: ['drained'] }, sent.sentAt)
  }
}

const fenceOf = ({ id, attempt }: { id: string; attempt: number }): string => `${id} ${attempt}`
