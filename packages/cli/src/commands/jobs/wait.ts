import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { followJob } from '../../follow/follow-job.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsWait = defineCommand({
  name: 'wait',
  summary: 'Wait until a job has ended, print its output and exit with its code, as run does',
  flags: jsonFlag,
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  follows: true,
  failureCode: exitCodes.skyclaw,
  examples: ['jobs wait JOB', 'jobs wait JOB --json'],
  run: (context) => followJob(context, jobId(context)),
})
