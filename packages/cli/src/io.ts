import type { Readable, Writable } from 'node:stream'

export interface Output extends Writable {
  readonly isTTY?: boolean
  /** How wide a terminal is, in characters. */
  readonly columns?: number
}

/** Everything of the process that a command touches. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
  /** Stands for the process's environment, in tests. */
  readonly env?: Record<string, string | undefined>
  /** How the person calls this program, for lines that say what to type next. */
  readonly program: string
  /** Milliseconds since 1970. */
  now(): number
  /** Calls the listener at each signal instead of ending; returns what undoes it. */
  onSignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): () => void
  /** Ends the process at once: only for what cannot be stopped in order. */
  exit(code: number): void
}

/** The IO of this process. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    program: programName(process.argv[1] ?? ''),
    now: () => Date.now(),
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
    exit: (code) => process.exit(code),
  }
}

/** What to type to call the file that runs now: npx keeps packages in `_npx`, npm in `node_modules`, the checkout in `src`. */
export function programName(file: string): string {
  if (/[\\/]src[\\/]main\.ts$/.test(file)) return 'npx -y pnpm@12.21.0 skyclaw'
  if (/[\\/]_npx[\\/]/.test(file)) return 'npx @skyclaw/cli'
  if (/[\\/]node_modules[\\/]/.test(file) && !/[\\/]lib[\\/]node_modules[\\/]/.test(file)) return 'npx skyclaw'
  return 'skyclaw'
}
