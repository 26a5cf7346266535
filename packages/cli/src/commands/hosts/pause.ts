import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { clientSettings } from '../client-settings.ts'
import { findHost } from './find-host.ts'
import { printState } from './print-state.ts'

export const hostsPause = defineCommand({
  name: 'pause',
  summary: 'Have a host take no more jobs until it is resumed; what runs goes on',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { host: 'The id of the host, or its name' },
  examples: ['hosts pause HOST'],
  async run(context) {
    const { id } = await findHost(context)
    const { host } = await context.client().call('pauseHost', { params: { id }, body: {} })
    printState(context, host)
    return exitCodes.ok
  },
})
