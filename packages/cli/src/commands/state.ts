import { limits } from '@skyclaw/protocol'
import { jsonFlag } from '../arguments/flag.ts'
import { defineCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderHosts } from '../render/host.ts'
import { renderJobs } from '../render/job.ts'
import { plainLine } from '../render/plain-text.ts'
import { clientSettings } from './client-settings.ts'
import { pageFlags, pageFromFlags, sayMore } from './page.ts'

export const state = defineCommand({
  name: 'state',
  summary: 'Hosts and jobs together, secrets left out',
  flags: {
    ...pageFlags,
    limit: { ...pageFlags.limit, description: `Jobs at most; default ${limits.pageMax}` },
    ...jsonFlag,
  },
  settings: clientSettings,
  examples: ['state', 'state --json'],
  async run(context) {
    const { client, io, values, style } = context
    const answer = await client().call('readState', { query: pageFromFlags(values) })
    if (values.has('json')) {
      io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    } else {
      const now = io.now()
      io.stdout.write(`${style.bold('coordinator')} ${plainLine(answer.nodeId)}\n\n`)
      io.stdout.write(`${renderHosts(answer.hosts, now, style)}\n${renderJobs(answer.jobs, now, style)}`)
    }
    sayMore(context, answer.nextCursor)
    return exitCodes.ok
  },
})
