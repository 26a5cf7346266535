import { type Host, limits } from '@skyclaw/protocol'
import { setTimeout } from 'node:timers/promises'
import { jsonFlag } from '../../arguments/flag.ts'
import { type Context, defineCommand } from '../../command.ts'
import { exitCodes } from '../../exit-codes.ts'
import { clientSettings } from '../client-settings.ts'
import { findHost } from './find-host.ts'
import { printState } from './print-state.ts'

/** With `--wait`, so often it is looked whether the host is drained. */
const lookEveryMs = 500

export const hostsDrain = defineCommand({
  name: 'drain',
  summary: 'Have a host finish what it runs and take nothing more, until it is resumed',
  flags: {
    'deadline-ms': {
      type: 'string',
      valueHint: 'MS',
      description: 'What still runs after this time is ended, and handed back without using up a try',
    },
    wait: { type: 'boolean', description: 'Wait until nothing runs there any more' },
    ...jsonFlag,
  },
  settings: clientSettings,
  positionals: { host: 'The id of the host, or its name' },
  follows: true,
  examples: ['hosts drain HOST', 'hosts drain HOST --deadline-ms 60000 --wait'],
  async run(context) {
    const { client, values } = context
    const deadlineMs = values.integer('deadline-ms', 0, limits.timeoutMs)
    const { id } = await findHost(context)
    const body = deadlineMs === undefined ? {} : { deadlineMs }
    const { host } = await client().call('drainHost', { params: { id }, body })
    printState(context, values.has('wait') ? await drained(context, host) : host)
    return exitCodes.ok
  },
})

/** Waits as long as jobs run. Throws an Error when somebody resumes or pauses the host meanwhile. */
async function drained({ client, io }: Context, draining: Host): Promise<Host> {
  let host = draining
  let told = -1
  while (host.state === 'draining') {
    if (io.stderr.isTTY === true && host.activeLeases !== told) {
      told = host.activeLeases
      io.stderr.write(`skyclaw: ${told === 1 ? '1 job runs' : `${told} jobs run`} there\n`)
    }
    await setTimeout(lookEveryMs)
    host = (await client().call('getHost', { params: { id: host.id } })).host
  }
  if (host.state !== 'drained') throw new Error(`host ${host.id} is ${host.state} by now: it is drained no more`)
  return host
}
