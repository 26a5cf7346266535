import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { idempotencyKey as idempotencyKeyCheck } from '../../settings/checks.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsRetry = defineCommand({
  name: 'retry',
  summary: "Enqueue a job that has ended once more, as a new one; prints only the new job's id",
  flags: {
    'idempotency-key': {
      type: 'string',
      valueHint: 'KEY',
      description: 'Retried again with the same key, it is the same job',
    },
    ...jsonFlag,
  },
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  examples: ['jobs retry JOB', 'jobs wait $(skyclaw jobs retry JOB)'],
  async run({ client, io, positionals, values }) {
    const idempotencyKey = values.checked('idempotency-key', idempotencyKeyCheck)
    const answer = await client().call('retryJob', {
      params: { id: jobId({ positionals }) },
      body: {},
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    })
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : `${answer.job.id}\n`)
    return exitCodes.ok
  },
})
