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

interface Surroundings {
  readonly env?: Record<string, string>
  readonly stdin?: string | Buffer
  /** Events named after signals. */
  readonly signals?: EventEmitter
  /** Whether standard output is a terminal. */
  readonly terminal?: boolean
  /** Told of each piece of standard output. */
  readonly heard?: (text: string) => void
}

/** Runs a command line within this process, with an environment of its own. */
export async function runInProcess(
  words: readonly string[],
  { env = {}, stdin = '', signals = new EventEmitter(), terminal = false, heard = () => {} }: Surroundings = {},
): Promise<Run> {
  const stdout = Object.assign(new PassThrough(), { isTTY: terminal })
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
  stdout.on('data', (chunk: Buffer) => heard(chunk.toString()))
  const output = Promise.all([text(stdout), text(stderr)])
  const code = await runCli(words, io)
  stdout.end()
  stderr.end()
  const [out, err] = await output
  return { code, stdout: out, stderr: err }
}
