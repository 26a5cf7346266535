import { defineCommand } from '../command.ts'
import { announceCoordinator } from '../daemon/announce.ts'
import { createLogger } from '../daemon/logger.ts'
import { countSignals } from '../daemon/signals.ts'
import { toCoordinatorOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { keysOf } from '../settings/variables.ts'

export const coordinator = defineCommand({
  name: 'coordinator',
  summary: 'Run a coordinator: keeps the jobs and gives them to hosts. SIGTERM stops it',
  flags: {},
  settings: keysOf('coordinator'),
  examples: ['coordinator', 'coordinator --port 9000 --db-path /var/lib/skyclaw/coordinator.db'],
  async run({ io, settings }) {
    const options = toCoordinatorOptions(settings)
    const logger = await createLogger(settings, io.stdout)
    const signals = countSignals(io)
    // Loaded when needed: commands that only talk to a coordinator start quickly.
    const { startCoordinator } = await import('@skyclaw/coordinator/server')
    try {
      const running = await startCoordinator({ ...options, logger })
      announceCoordinator(io, logger, running, options)
      await new Promise<void>((stop) =>
        signals.listen((count) => {
          stop()
          if (count > 1) io.exit(exitCodes.failure)
        }),
      )
      logger.info('stopping; a second signal ends it at once')
      await running.close()
      logger.info('coordinator ended')
      return exitCodes.ok
    } finally {
      signals.end()
    }
  },
})
