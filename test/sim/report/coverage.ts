/** Counts of a run as they travel between processes. */
export type Counts = Pick<Coverage, 'messages' | 'pages' | 'marks' | 'faults'>

/** Counts what happened in runs, by name. */
export class Coverage {
  messages = 0
  pages = 0
  readonly marks = new Map<string, number>()
  readonly faults = new Map<string, number>()

  count(mark: string): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1)
  }

  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
  }

  add(other: Counts): void {
    this.messages += other.messages
    this.pages += other.pages
    for (const [name, times] of other.marks) this.marks.set(name, (this.marks.get(name) ?? 0) + times)
    for (const [name, times] of other.faults) this.faults.set(name, (this.faults.get(name) ?? 0) + times)
  }
}
