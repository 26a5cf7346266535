import type { Host } from '@skyclaw/protocol'
import type { Context } from '../../command.ts'
import { hostState } from '../../render/host.ts'
import { plainLine } from '../../render/plain-text.ts'

/** Prints what became of a host in a line, or the API's JSON. */
export function printState({ io, values }: Pick<Context, 'io' | 'values'>, host: Host): void {
  const line = `${host.id} ${plainLine(host.name)} ${hostState(host)}\n`
  io.stdout.write(values.has('json') ? `${JSON.stringify({ host }, null, 2)}\n` : line)
}
