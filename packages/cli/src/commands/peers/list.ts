import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderNetwork } from '../../render/network.ts'
import { clientSettings } from '../client-settings.ts'

export const peersList = defineCommand({
  name: 'list',
  summary: 'The coordinators as one of them sees them, what is wrong, and how well the records are kept',
  flags: jsonFlag,
  settings: clientSettings,
  examples: ['peers list', 'peers list --url http://10.0.0.5:8787 --json'],
  async run({ client, io, values, style }) {
    const answer = await client().peers()
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : renderNetwork(answer, style))
    return exitCodes.ok
  },
})
