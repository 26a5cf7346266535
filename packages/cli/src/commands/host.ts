import { defineCommand } from '../command.ts'
import { announceHost } from '../daemon/announce.ts'
import { createLogger } from '../daemon/logger.ts'
import { countSignals } from '../daemon/signals.ts'
import { stopHostOnSignals } from '../daemon/stop-host.ts'
import { toHostOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { keysOf } from '../settings/variables.ts'
import { asksForCheck, checkPolicyFile, checkPolicyFlags } from './check-policy.ts'

export const host = defineCommand({
  name: 'host',
  summary: 'Run a host: takes jobs and runs them. SIGTERM drains it, a second SIGTERM stops it at once',
  flags: checkPolicyFlags,
  settings: keysOf('host'),
  positionals: { 'command...': 'With --check-policy: the command of the job, and its arguments' },
  wraps: true,
  examples: [
    'host --url http://10.0.0.5:8787 --allowed-commands echo,ffmpeg',
    'host --capabilities shell,gpu --allowed-commands nvidia-smi --labels zone=attic --max-parallel 4',
    'host --check-policy policy.yaml --cwd /srv/work -- git log -n 5',
  ],
  async run(context) {
    if (asksForCheck(context)) return checkPolicyFile(context)
    const { io, settings } = context
    const options = toHostOptions(settings)
    const logger = await createLogger(settings, io.stdout)
    const signals = countSignals(io)
    const { startHost } = await import('@skyclaw/host')
    try {
      announceHost(io, options)
      const running = await startHost({ ...options, logger })
      await stopHostOnSignals(running, signals, io, logger)
      return exitCodes.ok
    } finally {
      signals.end()
    }
  },
})
