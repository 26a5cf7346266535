import { limits } from '@skyclaw/protocol'
import { jsonFlag } from '../../arguments/flag.ts'
import { UsageError } from '../../arguments/usage-error.ts'
import { defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderForgotten } from '../../render/forgotten.ts'
import { clientSettings } from '../client-settings.ts'

/** Many records may have to be taken over before the answer comes. */
const adoptMs = 30_000

export const peersForget = defineCommand({
  name: 'forget',
  summary: 'Say that a dead coordinator never returns, so that its records are kept elsewhere. It cannot be undone',
  flags: {
    'accept-loss': {
      type: 'boolean',
      description:
        'Go on although records have no quorum without it: what only it had is lost, they continue from the latest that a live one knows',
    },
    ...jsonFlag,
  },
  settings: clientSettings,
  positionals: { node: 'Its name, its instance id, or the beginning of one as "peers list" shows it' },
  examples: ['peers forget node-b', 'peers forget dcf6cc1d', 'peers forget dcf6cc1d --accept-loss'],
  async run({ client, io, positionals, settings, values }) {
    const [node = ''] = positionals
    if (node.trim() === '') throw new UsageError('NODE must not be empty')
    if (node.length > limits.idChars) throw new UsageError(`NODE must be at most ${limits.idChars} characters`)
    const acceptLoss = values.has('accept-loss')
    const isLong = acceptLoss && !settings.texts.requestTimeoutMs
    const body = { node, ...(acceptLoss && { acceptLoss }) }
    // Nobody waits that long for coordinators that are not there.
    await client().peers()
    const answer = await client().call('forgetMember', {
      body,
      ...(isLong && { timeoutMs: adoptMs, attemptTimeoutMs: adoptMs }),
    })
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : renderForgotten(answer, io.program))
    return exitCodes.ok
  },
})
