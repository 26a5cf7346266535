import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderHost } from '../../render/host.ts'
import { clientSettings } from '../client-settings.ts'
import { findHost } from './find-host.ts'

export const hostsShow = defineCommand({
  name: 'show',
  summary: 'Show a host: its state, what it offers, how busy it is',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { host: 'The id of the host, or its name' },
  examples: ['hosts show HOST', 'hosts show HOST --json'],
  async run(context) {
    const { io, values, style } = context
    const host = await findHost(context)
    io.stdout.write(values.has('json') ? `${JSON.stringify({ host }, null, 2)}\n` : renderHost(host, io.now(), style))
    return exitCodes.ok
  },
})
