import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { HostSettings } from '../environment.ts'
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

/** On a terminal, says what the host may run and whom it looks for: it may have to wait for a coordinator. */
export function announceHost(io: Io, { allowedCommands, coordinators }: HostSettings): void {
  if (!io.stdout.isTTY) return
  const allowed =
    allowedCommands.length > 0
      ? `shell jobs may run ${allowedCommands.join(', ')}`
      : 'no shell jobs (SKYCLAW_ALLOWED_COMMANDS or --allowed-commands lists what they may run)'
  io.stdout.write(`host starts: ${plainLine(allowed)}; coordinator ${plainLine(coordinators.join(', '))}\n`)
}

export function standaloneNote(standalone: boolean): string {
  return standalone ? ', standalone (a single copy of everything)' : ''
}
