import type { Flags } from '../arguments/flag.ts'
import type { Values } from '../arguments/values.ts'
import type { Io } from '../io.ts'

export const pageFlags = {
  limit: { type: 'string', valueHint: 'N', description: 'How many at most' },
  cursor: { type: 'string', valueHint: 'CURSOR', description: 'Where the page before ended' },
} as const satisfies Flags

export function pageFromFlags(values: Values, maximum: number): { limit?: number; cursor?: string } {
  const limit = values.integer('limit', 1, maximum)
  const cursor = values.string('cursor')
  return { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) }
}

/** On a terminal, says how to see the next page; the JSON holds it anyway. */
export function sayMore(io: Io, nextCursor: string | undefined): void {
  if (nextCursor !== undefined && io.stdout.isTTY) io.stderr.write(`There is more: --cursor ${nextCursor}\n`)
}
