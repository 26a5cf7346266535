import { jobStatuses } from '@skyclaw/protocol'
import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJobs } from '../../render/job.ts'
import { id } from '../../settings/checks.ts'
import { clientSettings } from '../client-settings.ts'
import { pageFlags, pageFromFlags, sayMore } from '../page.ts'

export const jobsList = defineCommand({
  name: 'list',
  summary: 'List jobs, newest first',
  flags: {
    status: { type: 'string', valueHint: 'STATUS', description: `Only these: ${jobStatuses.join(', ')}` },
    'host-id': { type: 'string', valueHint: 'ID', description: 'Only those of this host' },
    ...pageFlags,
    ...jsonFlag,
  },
  settings: clientSettings,
  examples: ['jobs list', 'jobs list --status failed --limit 20', "jobs list --json | jq -r '.jobs[].id'"],
  async run(context) {
    const { client, io, values, style } = context
    const status = values.oneOf('status', jobStatuses)
    const hostId = values.checked('host-id', id)
    const query = { ...(status && { status }), ...(hostId && { hostId }), ...pageFromFlags(values) }
    const answer = await client().call('listJobs', { query })
    if (values.has('json')) io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    else io.stdout.write(renderJobs(answer.jobs, io.now(), style))
    sayMore(context, answer.nextCursor)
    return exitCodes.ok
  },
})
