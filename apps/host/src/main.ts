import { readEnv, toHostOptions, toLogLevel } from '@skyclaw/cli/environment'
import { startHost } from '@skyclaw/host'
import { pino } from 'pino'

const logger = pino()
try {
  const settings = readEnv()
  logger.level = toLogLevel(settings)
  for (const warning of settings.warnings) logger.warn(warning)
  const host = await startHost({ ...toHostOptions(settings), logger })

  let signals = 0
  const stop = (signal: NodeJS.Signals): void => {
    signals += 1
    logger.info({ signal }, signals === 1 ? 'draining; a second signal ends the jobs now' : 'stopping')
    const stopped = signals === 1 ? host.drain() : host.stop()
    stopped.catch((error: unknown) => logger.error({ err: error }, 'stopping failed'))
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  await host.closed
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
