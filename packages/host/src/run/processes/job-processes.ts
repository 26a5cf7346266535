import type { ProcessIdentity, ProcessStat } from './proc.ts'

/** The processes of one attempt, as they were at the last look, and what all of them used so far. */
export class JobProcesses {
  readonly tag: string
  /** The process that was launched; none when only the tag is known. */
  readonly root: ProcessIdentity | undefined
  /** Called after each look. */
  readonly onLook: (() => void) | undefined
  /** The pipes to which the launched process writes: whoever was started since and writes to them is of the job. */
  readonly outputs: ReadonlySet<string>
  readonly #members = new Map<number, ProcessStat>()
  readonly #refused = new Set<number>()
  #goneCpuMs = 0
  #peakCpuMs = 0
  #peakMemoryBytes = 0
  #mostAtOnce = 0
  #stirs = 0

  constructor(tag: string, root?: ProcessIdentity, onLook?: () => void, outputs: readonly string[] = []) {
    this.tag = tag
    this.root = root
    this.onLook = onLook
    this.outputs = new Set(outputs)
  }

  /** Processor time of all its processes in milliseconds, those that ended too. */
  get cpuMs(): number {
    return this.#peakCpuMs
  }

  get peakMemoryBytes(): number {
    return this.#peakMemoryBytes
  }

  /** What runs, newest first. */
  living(): ProcessStat[] {
    return [...this.#members.values()]
      .filter(({ alive }) => alive)
      .toSorted((a, b) => b.startTicks - a.startTicks || b.pid - a.pid)
  }

  /** All that is known, zombies too. */
  members(): Iterable<ProcessStat> {
    return this.#members.values()
  }

  /** Whether this user may not signal it. */
  isUntouchable({ pid }: ProcessIdentity): boolean {
    return this.#refused.has(pid)
  }

  /** Resident memory at the last look. */
  get memoryBytes(): number {
    let sum = 0
    for (const { memoryBytes } of this.#members.values()) sum += memoryBytes
    return sum
  }

  /** How many looks must find nothing: more where it had several processes, one of which may be on its way to the next. */
  get cleanLooks(): number {
    return this.#mostAtOnce > 1 ? 3 : 1
  }

  get livingCount(): number {
    let count = 0
    for (const { alive } of this.#members.values()) if (alive) count += 1
    return count
  }

  isRoot({ pid, startTicks }: ProcessIdentity): boolean {
    return pid === this.root?.pid && startTicks === this.root.startTicks
  }

  knows({ pid, startTicks }: ProcessIdentity): boolean {
    return this.#members.get(pid)?.startTicks === startTicks
  }

  /** Takes what a look found: all of its processes that are there now. */
  update(found: readonly ProcessStat[]): void {
    const there = new Map(found.map((stat) => [stat.pid, stat]))
    for (const old of this.#members.values()) {
      if (there.get(old.pid)?.startTicks === old.startTicks) continue
      this.#goneCpuMs += old.cpuMs
      this.#refused.delete(old.pid)
    }
    this.#members.clear()
    for (const stat of found) this.#members.set(stat.pid, stat)
    this.#mostAtOnce = Math.max(this.#mostAtOnce, found.length)
    this.#measure()
  }

  /** Notes that a process was met that was not known before, if only for a moment. */
  stir(): void {
    this.#stirs += 1
  }

  /** How often that was. */
  get stirs(): number {
    return this.#stirs
  }

  /** Sends a signal to one process; nothing when it has ended. */
  send(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') this.#refused.add(pid)
    }
  }

  /**
   * Those that ended are counted in what was last seen of them, or by the parent that waited for them: both are too little
   * at times, none is ever too much.
   */
  #measure(): void {
    let own = this.#goneCpuMs
    let waitedFor = 0
    for (const { cpuMs, childrenCpuMs } of this.#members.values()) {
      own += cpuMs
      waitedFor += cpuMs + childrenCpuMs
    }
    this.#peakCpuMs = Math.max(this.#peakCpuMs, own, waitedFor)
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.memoryBytes)
  }
}
