import type { ProcessStat } from './proc.ts'

/** The process groups and sessions of a job. */
export class JobIds {
  readonly #groups = new Set<number>()
  readonly #sessions = new Set<number>()
  /** Of this process: none of a job is in its group or session. */
  readonly #self: ProcessStat | undefined

  constructor(self: ProcessStat | undefined) {
    this.#self = self
  }

  /** A process that leads a group and a session of its own. */
  addLeader(pid: number): void {
    this.#groups.add(pid)
    this.#sessions.add(pid)
  }

  add({ group, session }: ProcessStat): void {
    if (group > 1 && group !== this.#self?.group) this.#groups.add(group)
    if (session > 1 && session !== this.#self?.session) this.#sessions.add(session)
  }

  /** Those of these processes and no others: a number that nobody is in any more is used again. */
  replace(stats: readonly ProcessStat[]): void {
    this.#groups.clear()
    this.#sessions.clear()
    for (const stat of stats) this.add(stat)
  }

  has({ group, session, pid }: ProcessStat): boolean {
    if (pid === this.#self?.pid || group === this.#self?.group || session === this.#self?.session) return false
    return this.#groups.has(group) || this.#sessions.has(session)
  }
}
