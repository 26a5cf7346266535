import type { LogStream } from '@skyclaw/protocol'
import type { Io } from '../io.ts'
import { plainLine } from '../render/plain-text.ts'
import { Sink } from './sink.ts'

/** Where a job's output goes, and what is said about it in between. */
export class Outputs implements Record<LogStream, Sink> {
  readonly stdout: Sink
  readonly stderr: Sink

  constructor({ stdout, stderr }: Io) {
    this.stdout = new Sink(stdout)
    this.stderr = new Sink(stderr)
  }

  /** Says something on standard error, in a line of its own. */
  async note(sentence: string, signal?: AbortSignal): Promise<void> {
    const { stdout, stderr } = this
    const cut = stderr.isMidLine || (stdout.isMidLine && stdout.isTerminal && stderr.isTerminal)
    await stderr.write(`${cut ? '\n' : ''}skyclaw: ${plainLine(sentence)}\n`, signal)
  }

  [Symbol.dispose](): void {
    this.stdout[Symbol.dispose]()
    this.stderr[Symbol.dispose]()
  }
}
