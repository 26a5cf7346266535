import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJob } from '../../render/job.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsShow = defineCommand({
  name: 'show',
  summary: 'Show a job: its tries, its result, its output',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  examples: ['jobs show JOB', 'jobs show JOB --json'],
  async run({ client, io, positionals, values, style }) {
    const job = await client().jobs.get(jobId({ positionals }))
    io.stdout.write(values.has('json') ? `${JSON.stringify({ job }, null, 2)}\n` : renderJob(job, io.now(), style))
    return exitCodes.ok
  },
})
