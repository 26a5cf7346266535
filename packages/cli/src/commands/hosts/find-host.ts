import { type Host, limits } from '@skyclaw/protocol'
import { ProblemResponseError } from '@skyclaw/client'
import type { Context } from '../../command.ts'
import { isId } from '../../settings/checks.ts'

/** Pages of hosts that are looked through for a name. */
const maxPages = 50

/** The host that the command line names, by its id or by a name that no other has. Throws an Error that says what to do instead. */
export async function findHost(context: Pick<Context, 'client' | 'io' | 'positionals'>): Promise<Host> {
  const { positionals, io } = context
  const named = positionals[0] ?? ''
  const host = isId(named) ? await byId(context, named) : undefined
  if (host) return host
  const hosts = await byName(context, named)
  const [only] = hosts
  if (only && hosts.length === 1) return only
  if (hosts.length === 0) throw new Error(`there is no host ${named}; "${io.program} hosts list" shows what there is`)
  const ids = hosts.map(({ id }) => id).join(', ')
  throw new Error(`${hosts.length} hosts have the name ${named}; say which one by its id: ${ids}`)
}

async function byId({ client }: Pick<Context, 'client'>, id: string): Promise<Host | undefined> {
  try {
    return (await client().call('getHost', { params: { id } })).host
  } catch (error) {
    if (error instanceof ProblemResponseError && error.code === 'not_found') return undefined
    throw error
  }
}

async function byName({ client }: Pick<Context, 'client'>, name: string): Promise<Host[]> {
  const found: Host[] = []
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const query = { limit: limits.pageMax, ...(cursor !== undefined && { cursor }) }
    const answer = await client().call('listHosts', { query })
    found.push(...answer.hosts.filter((host) => host.name === name))
    cursor = answer.nextCursor
    if (cursor === undefined) break
  }
  return found
}
