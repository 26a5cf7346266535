import { createHash } from 'node:crypto'

/** Every event of a run, in order. */
export class Trace {
  readonly lines: string[] = []

  add(atMs: number, line: string): void {
    this.lines.push(`${(atMs / 1_000).toFixed(4).padStart(9)} ${line}`)
  }

  digest(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex')
  }
}
