import { defineCommand } from '../command.ts'
import { clientSettings } from './client-settings.ts'
import { enqueueAndPrint, enqueueFlags } from './enqueue.ts'
import { shellPayload, shellPositionals, stdinFlag } from './shell-payload.ts'

export const enqueueShell = defineCommand({
  name: 'enqueue-shell',
  summary: "Enqueue a command; prints only the job's id",
  flags: { ...enqueueFlags, ...stdinFlag },
  settings: clientSettings,
  positionals: shellPositionals,
  wraps: true,
  examples: [
    'enqueue-shell bash -lc "echo hello"',
    'enqueue-shell --requires gpu --max-attempts 3 -- ffmpeg -i in.mp4 out.webm',
    'enqueue-shell --run-at 2027-01-31T06:00:00Z backup.sh',
  ],
  async run(context) {
    return enqueueAndPrint(context, await shellPayload(context))
  },
})
