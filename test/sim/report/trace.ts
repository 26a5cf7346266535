import { createHash } from 'node:crypto'

/** What is told of each event of a run, in order. */
export interface TraceSink {
  add(atMs: number, line: string): void
}

/** Every event of a run, in order. */
export class Trace implements TraceSink {
  readonly lines: string[] = []

  add(atMs: number, line: string): void {
    this.lines.push(traceLine(atMs, line))
  }

  digest(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex')
  }
}

export function traceLine(atMs: number, line: string): string {
  return `${(atMs / 1_000).toFixed(4).padStart(9)} ${line}`
}
