import { readEnv, toCoordinatorOptions, toLogLevel } from '@skyclaw/cli/environment'
import { startCoordinator } from '@skyclaw/coordinator/server'
import { resolve } from 'node:path'
import { pino } from 'pino'

const logger = pino()
try {
  const settings = readEnv()
  logger.level = toLogLevel(settings)
  for (const warning of settings.warnings) logger.warn(warning)
  const options = toCoordinatorOptions(settings)
  const running = await startCoordinator({ ...options, logger })
  const { dbPath, peerUrls: peers = [] } = options
  const { url, standalone } = running
  logger.info({ url, standalone, dbPath: resolve(dbPath), peers }, 'coordinator serves')

  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping; a second signal ends it at once')
    process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
    const fail = (err: unknown): void => {
      logger.fatal({ err }, 'stopping failed')
      process.exitCode = 1
    }
    running.close().then(() => logger.info('coordinator ended'), fail)
  }
  process.once('SIGTERM', stop).once('SIGINT', stop)
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
