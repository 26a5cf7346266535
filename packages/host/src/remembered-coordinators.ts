import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import { writeDurably } from './durable-file.ts'
import { hasCode } from './errors.ts'
import { messageOf } from './retry.ts'

/** Far above what the client's list can hold. */
const maxFileBytes = 1_048_576

/** The coordinators that a host has learned, in a file of its folder, so that it finds them again when the configured ones are down. */
export interface RememberedCoordinators {
  /** What was learned before this start. */
  readonly urls: readonly string[]
  /** Keeps the learned ones of this list for the next start. Writes in the background, when they have changed. */
  keep(coordinators: readonly string[]): void
  /** Resolves when what is being written is written. Never rejects. */
  kept(): Promise<void>
}

/**
 * Reads what was learned with the same configured URLs: whoever configures others may mean another network, which gets another token.
 * A file that cannot be read or written is logged and does no more harm.
 */
export async function rememberedCoordinators(
  dir: string,
  configured: readonly string[],
  log: Logger,
): Promise<RememberedCoordinators> {
  const file = path.join(dir, 'coordinators.json')
  const urls = await readRemembered(file, configured).catch((error: unknown): string[] => {
    log.warn({ file, reason: messageOf(error) }, 'the remembered coordinators could not be read: they are learned anew')
    return []
  })
  let written = [...urls].sort().join('\n')
  let writing: Promise<void> | undefined
  let failures = 0
  return {
    urls,
    keep(coordinators) {
      const learned = coordinators.filter((url) => !configured.includes(url))
      const text = [...learned].sort().join('\n')
      // One write at a time; the next heartbeat brings what has changed meanwhile.
      if (writing || text === written) return
      writing = writeDurably(file, `${JSON.stringify({ configured, learned })}\n`)
        .then(() => {
          written = text
          failures = 0
        })
        .catch((error: unknown) => {
          if (failures === 0) log.warn({ file, reason: messageOf(error) }, 'the coordinators could not be remembered')
          failures += 1
        })
        .finally(() => (writing = undefined))
    },
    kept: async () => writing,
  }
}

async function readRemembered(file: string, configured: readonly string[]): Promise<string[]> {
  const text = await readBounded(file)
  if (text === undefined) return []
  const kept = JSON.parse(text) as { configured?: unknown; learned?: unknown } | null
  if (!isTexts(kept?.configured) || !isTexts(kept.learned)) throw new Error('it does not hold lists of URLs')
  return sameTexts(kept.configured, configured) ? kept.learned : []
}

async function readBounded(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, 'r')
    if ((await handle.stat()).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`)
    return await handle.readFile('utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join('\n') === [...other].sort().join('\n')
}
