import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderStatus } from '../../render/job.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsCancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a job: at once while it is queued, through its host while it runs',
  flags: {
    reason: { type: 'string', valueHint: 'TEXT', description: 'Kept with the job' },
    ...jsonFlag,
  },
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  examples: ['jobs cancel JOB', 'jobs cancel JOB --reason "wrong input"'],
  async run({ client, io, positionals, values }) {
    const reason = values.string('reason')
    const job = await client().jobs.cancel(jobId({ positionals }), { ...(reason !== undefined && { reason }) })
    io.stdout.write(
      values.has('json') ? `${JSON.stringify({ job }, null, 2)}\n` : `${job.id} ${renderStatus(job, io.now())}\n`,
    )
    return exitCodes.ok
  },
})
