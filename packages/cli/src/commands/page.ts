import { limits } from '@skyclaw/protocol'
import type { Flags } from '../arguments/flag.ts'
import type { Values } from '../arguments/values.ts'
import type { Context } from '../command.ts'

export const pageFlags = {
  limit: {
    type: 'string',
    valueHint: 'N',
    description: `How many at most, up to ${limits.pageMax}; default ${limits.pageDefault}`,
  },
  cursor: { type: 'string', valueHint: 'CURSOR', description: 'Where the page before ended' },
} as const satisfies Flags

export function pageFromFlags(values: Values): { limit?: number; cursor?: string } {
  const limit = values.integer('limit', 1, limits.pageMax)
  const cursor = values.string('cursor')
  return { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) }
}

/** Says how to see the next page, to whoever reads a table: the JSON holds it. */
export function sayMore({ io, values }: Context, nextCursor: string | undefined): void {
  if (nextCursor === undefined || values.has('json')) return
  io.stderr.write(`skyclaw: there is more; the next page: --cursor ${nextCursor}\n`)
}
