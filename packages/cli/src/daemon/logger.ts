import { type Logger, pino } from 'pino'
import { toLogLevel } from '../environment.ts'
import type { Io } from '../io.ts'
import { createStyle } from '../render/style.ts'
import { renderLogLine } from '../render/log-line.ts'
import type { Settings } from '../settings/settings.ts'

/** The log of a daemon on standard output: lines to read on a terminal, pino's JSON lines elsewhere. */
export function createLogger(io: Io, settings: Settings): Logger {
  const level = toLogLevel(settings)
  if (!io.stdout.isTTY) return pino({ level }, io.stdout)
  const style = createStyle(!settings.plain)
  return pino({ level }, { write: (line: string) => io.stdout.write(renderLogLine(line, style)) })
}
