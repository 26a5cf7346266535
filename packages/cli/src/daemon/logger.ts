import type { Logger, LoggerOptions } from 'pino'
import { toLogLevel } from '../environment.ts'
import type { Output } from '../io.ts'
import { createStyle } from '../render/style.ts'
import { renderLogLine } from '../render/log-line.ts'
import type { Settings } from '../settings/settings.ts'

/** What our own line says better: where the coordinator listens. */
const listening = /^Server listening at /

/** On a terminal our own line says this too. */
const saidByOurs = ['database opened', 'standalone until another coordinator joins: a single copy of everything']

/** The log of a daemon: lines to read on a terminal, where those named as said otherwise are left out, pino's JSON lines elsewhere. */
export async function createLogger(settings: Settings, output: Output, saidOtherwise: string[] = []): Promise<Logger> {
  const unsaid = new Set([...saidByOurs, ...saidOtherwise])
  const options: LoggerOptions = {
    level: toLogLevel(settings),
    hooks: {
      logMethod(args, method) {
        const message: unknown = args.at(-1)
        if (typeof message !== 'string') return method.apply(this, args)
        if (listening.test(message) || (output.isTTY && unsaid.has(message))) return
        method.apply(this, args)
      },
    },
  }
  // Loaded when needed: commands that only talk to a coordinator write no log.
  const { pino } = await import('pino')
  if (!output.isTTY) return pino(options, output)
  const style = createStyle(!settings.plain)
  return pino(options, { write: (line: string) => output.write(renderLogLine(line, style)) })
}
