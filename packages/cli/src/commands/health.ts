import { jsonFlag } from '../arguments/flag.ts'
import { defineCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { renderDuration } from '../render/time.ts'
import { clientSettings } from './client-settings.ts'

export const health = defineCommand({
  name: 'health',
  summary: 'Whether the coordinator serves; needs no token',
  flags: jsonFlag,
  settings: clientSettings,
  examples: ['health', 'health --url http://10.0.0.5:8787 --json'],
  async run({ client, io, values, style }) {
    const answer = await client().call('readHealth', {})
    const { ok, nodeId, version, standalone, uptimeMs } = answer
    const word = ok ? style.green('ok') : style.red('not ok')
    const alone = standalone ? ', standalone: a single copy of everything' : ''
    const line = `${word}: coordinator ${plainLine(nodeId)}, version ${plainLine(version)}, up ${renderDuration(uptimeMs)}${alone}\n`
    io.stdout.write(values.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : line)
    return ok ? exitCodes.ok : exitCodes.failure
  },
})
