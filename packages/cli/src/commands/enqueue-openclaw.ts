import type { OpenclawPayload } from '@skyclaw/protocol'
import { checkPayload } from '@skyclaw/protocol'
import type { Flags } from '../arguments/flag.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { type Context, defineCommand } from '../command.ts'
import { clientSettings } from './client-settings.ts'
import { enqueueAndPrint, enqueueFlags, placeFromFlags } from './enqueue.ts'

const openclawFlags = {
  message: { type: 'string', valueHint: 'TEXT', description: 'One headless agent turn with this message' },
  model: { type: 'string', valueHint: 'MODEL', description: 'The model of the turn, as provider/model' },
  thinking: { type: 'string', valueHint: 'LEVEL', description: 'How much the model may think' },
  'state-dir': { type: 'string', valueHint: 'DIR', description: "OpenClaw's state directory on the host" },
} as const satisfies Flags

export const enqueueOpenclaw = defineCommand({
  name: 'enqueue-openclaw',
  summary: "Enqueue a run of OpenClaw; prints only the job's id",
  flags: { ...openclawFlags, ...enqueueFlags },
  settings: clientSettings,
  positionals: { 'args...': 'Arguments of OpenClaw, passed on as they are, flags included' },
  wraps: true,
  examples: [
    'enqueue-openclaw --message "What changed in this folder?" --cwd /srv/site',
    'enqueue-openclaw doctor --json',
  ],
  async run(context) {
    return enqueueAndPrint(context, openclawPayload(context))
  },
})

function openclawPayload(context: Context): OpenclawPayload {
  const { values, wrapped } = context
  const fields = {
    message: values.string('message'),
    model: values.string('model'),
    thinking: values.string('thinking'),
    stateDir: values.string('state-dir'),
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const args = wrapped.length > 0 ? { args: [...wrapped] } : {}
  const payload: OpenclawPayload = { kind: 'openclaw-run', ...given, ...args, ...placeFromFlags(context) }
  const wrong = checkPayload(payload)
  if (wrong) {
    throw new UsageError(
      'it takes either --message, with --model, --thinking and --state-dir if you like, or arguments',
    )
  }
  return payload
}
