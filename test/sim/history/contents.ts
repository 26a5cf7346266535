import type { RecordValue } from '@skyclaw/protocol'

/** A value by its number: equal values have equal numbers. 0 is no value. */
export type Content = number

export const nothing: Content = 0

/** All values that were ever proposed in a run, and which was decided from which. */
export class Contents {
  readonly #ids = new Map<string, Content>()
  readonly #texts = ['nothing']
  readonly #values: (RecordValue | null)[] = [null]
  /** From which others each was decided. */
  readonly #parents: Set<Content>[] = [new Set()]

  idOf(value: RecordValue | null | undefined): Content {
    if (value === null || value === undefined) return nothing
    const text = JSON.stringify(value)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#texts.length
    this.#ids.set(text, id)
    this.#texts.push(text)
    this.#values.push(value)
    this.#parents.push(new Set())
    return id
  }

  valueOf(content: Content): RecordValue | null {
    return this.#values[content] ?? null
  }

  /** Notes that a decision made one value from another. */
  derive(from: RecordValue | null, to: RecordValue): void {
    const parent = this.idOf(from)
    const child = this.idOf(to)
    if (parent !== child) this.#parents[child]!.add(parent)
  }

  /** The decisions that lead from one value to another, without the first; undefined when there are none. */
  path(from: Content, to: Content): Content[] | undefined {
    const seen = new Set<Content>([to])
    let paths: Content[][] = [[to]]
    while (paths.length > 0) {
      const longer: Content[][] = []
      for (const path of paths) {
        if (path[0] === from) return path.slice(1)
        for (const parent of this.#parents[path[0]!]!) {
          if (seen.has(parent)) continue
          seen.add(parent)
          longer.push([parent, ...path])
        }
      }
      paths = longer
    }
    return undefined
  }

  /** One line that tells a value to a reader. */
  describe(content: Content): string {
    const value = this.valueOf(content)
    if (value === null) return 'nothing'
    if (value.kind !== 'job') return `#${content} ${value.kind}`
    const lease = value.lease ? ` to ${value.lease.hostId}` : ''
    const tries = value.attemptHistory.map(({ attempt, outcome }) => `${attempt}:${outcome ?? 'open'}`).join(' ')
    const twin = value.duplicateOf ? ` duplicate of ${value.duplicateOf}` : ''
    return `#${content} ${value.status}${lease}${value.cancelRequestedAt ? ' (cancel asked)' : ''} [${tries}]${twin}`
  }
}
