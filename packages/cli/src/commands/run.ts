import { defineCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { runJob } from '../follow/run-job.ts'
import { clientSettings } from './client-settings.ts'
import { enqueueFlags, newJobFromFlags } from './enqueue.ts'
import { shellPayload, shellPositionals, stdinFlag } from './shell-payload.ts'

export const run = defineCommand({
  name: 'run',
  summary: 'Enqueue a command, show its output as it comes and exit with its code. Ctrl-C cancels it',
  flags: { ...enqueueFlags, ...stdinFlag },
  settings: clientSettings,
  positionals: shellPositionals,
  wraps: true,
  follows: true,
  failureCode: exitCodes.skyclaw,
  examples: [
    'run -- echo hello',
    'run --requires gpu --timeout-ms 600000 -- nvidia-smi',
    'run --stdin -- sort < names.txt',
  ],
  async run(context) {
    const payload = await shellPayload(context)
    return runJob(context, newJobFromFlags(payload, context.values, context.io.now()))
  },
})
