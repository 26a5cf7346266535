import type { RunningHost } from '@skyclaw/host'
import type { Logger } from 'pino'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import type { countSignals } from './signals.ts'

/** First signal: finish what runs. Second: end and hand back what runs. Third: leave at once. Resolves when the host has stopped. */
export async function stopHostOnSignals(
  host: RunningHost,
  signals: ReturnType<typeof countSignals>,
  io: Io,
  logger: Logger,
): Promise<void> {
  const report = (error: unknown): void => logger.error({ err: error }, 'stopping failed')
  signals.listen((count) => {
    if (count === 1) {
      logger.info('stopping when running jobs have ended; a second signal ends them now')
      host.drain().catch(report)
    } else if (count === 2) {
      logger.info('ending running jobs and handing them back')
      host.stop().catch(report)
    } else {
      io.exit(exitCodes.failure)
    }
  })
  await host.closed
}
