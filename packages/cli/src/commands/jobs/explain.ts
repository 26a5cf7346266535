import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderExplanation } from '../../render/explanation.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsExplain = defineCommand({
  name: 'explain',
  summary: 'Say why a job does not run: in a sentence, and for each host',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  examples: ['jobs explain JOB', 'jobs explain JOB --json'],
  async run({ client, io, positionals, values, style }) {
    const answer = await client().call('explainJob', { params: { id: jobId({ positionals }) } })
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : renderExplanation(answer, style))
    return exitCodes.ok
  },
})
