import { EventEmitter } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runCli } from '../src/cli.ts'
import type { Io } from '../src/io.ts'

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line within this process, with an environment of its own. */
export async function runInProcess(
  words: readonly string[],
  {
    env = {},
    stdin = '',
    signals = new EventEmitter(),
  }: { env?: Record<string, string>; stdin?: string | Buffer; signals?: EventEmitter } = {},
): Promise<Run> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io: Io = {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr,
    env,
    program: 'skyclaw',
    now: () => Date.now(),
    onSignal(signal, listener) {
      signals.on(signal, listener)
      return () => signals.off(signal, listener)
    },
    exit(code) {
      throw new Error(`exit ${code}`)
    },
  }
  const output = Promise.all([text(stdout), text(stderr)])
  const code = await runCli(words, io)
  stdout.end()
  stderr.end()
  const [out, err] = await output
  return { code, stdout: out, stderr: err }
}
