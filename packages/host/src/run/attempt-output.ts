import type { LogStream } from '@skyclaw/protocol'

/** Where the output of a running attempt goes as it comes, redacted already. */
export interface AttemptOutput {
  /** Takes a piece; a promise when the reader of the pipe is to wait until it is resolved. Never rejects. The bytes are its own afterwards. */
  write(stream: LogStream, bytes: Uint8Array): Promise<void> | undefined
}
