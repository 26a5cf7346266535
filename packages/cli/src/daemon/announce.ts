import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { type CoordinatorSettings, type HostSettings, isLoopback } from '../environment.ts'
import type { Io } from '../io.ts'
import { plainLine } from '../render/plain-text.ts'

interface Coordinator {
  /** Under which others reach it. */
  readonly url: string
  readonly standalone: boolean
}

/**
 * Says once that a coordinator serves, under which URL, with whom, and with which data: a line to read on a terminal, a log line
 * elsewhere. Whom it joined, the log tells when it has.
 */
export function announceCoordinator(
  io: Io,
  logger: Logger,
  { url, standalone }: Coordinator,
  { dbPath, peerUrls = [] }: Pick<CoordinatorSettings, 'dbPath' | 'peerUrls'>,
): void {
  const file = resolve(dbPath)
  if (!io.stdout.isTTY) {
    logger.info({ url, standalone, dbPath: file, peers: peerUrls }, 'coordinator serves')
    return
  }
  const standing = standingNote(standalone, peerUrls)
  const joining = isLoopback(new URL(url).hostname)
    ? ''
    : `another machine joins with SKYCLAW_PEER_URLS=${plainLine(url)} and the same SKYCLAW_TOKEN\n`
  io.stdout.write(`coordinator serves ${plainLine(url)}, ${standing}, data in ${plainLine(file)}\n${joining}`)
}

/** On a terminal, says what the host may run and whom it looks for: it may have to wait for a coordinator. */
export function announceHost(io: Io, { allowedCommands, policyFile, coordinators }: HostSettings): void {
  if (!io.stdout.isTTY) return
  const allowed = [...allowedCommands, ...(policyFile === undefined ? [] : [`what ${policyFile} allows`])]
  const what =
    allowed.length > 0
      ? `shell jobs may run ${allowed.join(', ')}`
      : 'no shell jobs (SKYCLAW_ALLOWED_COMMANDS or --allowed-commands lists what they may run)'
  io.stdout.write(`host starts: ${plainLine(what)}; coordinator ${plainLine(coordinators.join(', '))}\n`)
}

/** With whom a coordinator keeps its records, when it starts. */
export function standingNote(standalone: boolean, peerUrls: readonly string[]): string {
  if (standalone) return 'standalone (a single copy of everything)'
  if (peerUrls.length === 0) return 'with the coordinators that it knows'
  return `joins through ${plainLine(peerUrls.join(' or '))}`
}
