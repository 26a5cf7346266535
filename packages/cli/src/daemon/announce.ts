import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { Io } from '../io.ts'
import { plainLine } from '../render/plain-text.ts'

interface Coordinator {
  readonly url: string
  readonly standalone: boolean
}

/** Says once that a coordinator serves, where, and with which data: a line to read on a terminal, a log line elsewhere. */
export function announceCoordinator(io: Io, logger: Logger, { url, standalone }: Coordinator, dbPath: string): void {
  const file = resolve(dbPath)
  if (!io.stdout.isTTY) {
    logger.info({ url, standalone, dbPath: file }, 'coordinator serves')
    return
  }
  io.stdout.write(`coordinator serves ${plainLine(url)}${standaloneNote(standalone)}, data in ${plainLine(file)}\n`)
}

export function standaloneNote(standalone: boolean): string {
  return standalone ? ', standalone (a single copy of everything)' : ''
}
