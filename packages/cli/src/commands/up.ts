import { randomBytes } from 'node:crypto'
import type { Flags } from '../arguments/flag.ts'
import { type Context, defineCommand } from '../command.ts'
import { createLogger } from '../daemon/logger.ts'
import { countSignals } from '../daemon/signals.ts'
import { stopHostOnSignals } from '../daemon/stop-host.ts'
import { toCoordinatorOptions, toHostOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderWelcome } from '../render/welcome.ts'
import { type Settings, withFlags } from '../settings/settings.ts'
import { valueOf } from '../settings/settings.ts'

/** Both are in one process, so a beat costs next to nothing, and a cancelled job ends within this time. */
const heartbeatMs = 1_000

/** They read no files, write none, and run nothing else. */
const harmlessCommands = ['echo', 'date', 'hostname', 'uname', 'uptime', 'sleep', 'true', 'false']

const upFlags = {
  allow: {
    type: 'string',
    valueHint: 'COMMAND',
    repeatable: true,
    description: 'One more command that jobs may run, such as bash',
  },
  'allowed-commands': {
    type: 'string',
    valueHint: 'VALUE',
    description: `All commands that jobs may run, but for those of --allow. (SKYCLAW_ALLOWED_COMMANDS; default ${harmlessCommands.join(',')})`,
  },
  token: {
    type: 'string',
    valueHint: 'VALUE',
    description: 'The secret of coordinators, hosts and clients. (SKYCLAW_TOKEN; default a new one with each start)',
  },
} as const satisfies Flags

export const up = defineCommand({
  name: 'up',
  summary: 'A coordinator and a host in one process, on loopback, with a token: the first minute',
  flags: upFlags,
  settings: [
    'token',
    'port',
    'dbPath',
    'hostName',
    'hostDir',
    'capabilities',
    'hostLabels',
    'allowedCommands',
    'policyFile',
    'workRoots',
    'openclawCommand',
    'maxParallel',
    'leaseMs',
    'timeoutMs',
    'maxOutputBytes',
    'drainMs',
    'logLevel',
  ],
  examples: ['up', 'up --allow bash --allow git', 'up --port 9000'],
  async run(context) {
    const { io } = context
    const settings = withToken(context.settings)
    const token = valueOf(settings, 'token') ?? ''
    const options = { ...toCoordinatorOptions(settings), host: '127.0.0.1', token }
    const hostOptions = { ...toHostOptions(settings), heartbeatMs, allowedCommands: allowedCommands(context) }
    // Standard output is for what one reads first: where it is, the token, what to type.
    // The host says itself that it is registered.
    const logger = await createLogger(settings, io.stderr, ['host registered'])
    const signals = countSignals(io)
    const { startCoordinator } = await import('@skyclaw/coordinator/server')
    const { startHost } = await import('@skyclaw/host')
    try {
      const running = await startCoordinator({ ...options, logger })
      try {
        const host = await startHost({ ...hostOptions, token, coordinators: [running.url], logger })
        const { url, standalone } = running
        const { dbPath, peerUrls = [] } = options
        const { allowedCommands: listed, policyFile } = hostOptions
        const allowed = [...listed, ...(policyFile === undefined ? [] : [`what ${policyFile} allows`])]
        io.stdout.write(
          renderWelcome(
            { url, standalone, peerUrls, dbPath, token, allowed, host, program: io.program },
            context.style,
          ),
        )
        await stopHostOnSignals(host, signals, io, logger)
      } finally {
        await running.close()
      }
      return exitCodes.ok
    } finally {
      signals.end()
    }
  },
})

function withToken(settings: Settings): Settings {
  return settings.texts.token ? settings : withFlags(settings, { token: [randomBytes(24).toString('base64url')] })
}

function allowedCommands({ settings, values }: Context): string[] {
  return [...new Set([...(valueOf(settings, 'allowedCommands') ?? harmlessCommands), ...values.list('allow')])]
}
