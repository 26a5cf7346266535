import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderHosts } from '../../render/host.ts'
import { clientSettings } from '../client-settings.ts'
import { pageFlags, pageFromFlags, sayMore } from '../page.ts'

export const hostsList = defineCommand({
  name: 'list',
  summary: 'List hosts, newest first',
  flags: { ...pageFlags, ...jsonFlag },
  settings: clientSettings,
  examples: ['hosts list', 'hosts list --json'],
  async run(context) {
    const { client, io, values, style } = context
    const answer = await client().call('listHosts', { query: pageFromFlags(values) })
    if (values.has('json')) io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    else io.stdout.write(renderHosts(answer.hosts, io.now(), style))
    sayMore(context, answer.nextCursor)
    return exitCodes.ok
  },
})
