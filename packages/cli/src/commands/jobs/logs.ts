import { isTerminal, limits, logStreams } from '@skyclaw/protocol'
import { jsonFlag } from '../../arguments/flag.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { Outputs } from '../../follow/outputs.ts'
import { beginning, showLog } from '../../follow/show-log.ts'
import { clientSettings } from '../client-settings.ts'
import { jobId } from './job-id.ts'

export const jobsLogs = defineCommand({
  name: 'logs',
  summary: 'Print the output of a job, while it runs too: stdout to stdout, stderr to stderr',
  flags: {
    follow: { type: 'boolean', alias: 'f', description: 'Go on until the job has ended' },
    attempt: { type: 'string', valueHint: 'N', description: 'This try alone; default all of them in turn' },
    stream: { type: 'string', valueHint: logStreams.join('|'), description: 'This stream alone' },
    json: { ...jsonFlag.json, description: 'Print each piece as a line of JSON, on stdout' },
  },
  settings: clientSettings,
  positionals: { job: 'The id of the job' },
  follows: true,
  examples: ['jobs logs JOB', 'jobs logs -f JOB', 'jobs logs JOB --attempt 1 --stream stderr'],
  async run(context) {
    const { io, values } = context
    const id = jobId(context)
    const attempt = values.integer('attempt', 1, limits.attemptsTotal)
    const stream = values.oneOf('stream', logStreams)
    using outputs = new Outputs(io)
    const end = await showLog(context, id, beginning(), {
      outputs,
      follow: values.has('follow'),
      json: values.has('json'),
      endsUnread: true,
      ...(attempt !== undefined && { attempt }),
      ...(stream && { stream }),
    })
    // Of a job that runs, there is no end to be had yet.
    const over = end && (values.has('follow') || isTerminal(end.status))
    if (over && !end.complete) await outputs.note('the end of the output could not be had')
    return exitCodes.ok
  },
})
