import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { clientSettings } from '../client-settings.ts'
import { findHost } from './find-host.ts'
import { printState } from './print-state.ts'

export const hostsResume = defineCommand({
  name: 'resume',
  summary: 'Have a host that was paused or drained take jobs again',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { host: 'The id of the host, or its name' },
  examples: ['hosts resume HOST'],
  async run(context) {
    const { id } = await findHost(context)
    const { host } = await context.client().call('resumeHost', { params: { id }, body: {} })
    printState(context, host)
    return exitCodes.ok
  },
})
