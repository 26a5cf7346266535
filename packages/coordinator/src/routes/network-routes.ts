import { type Member, ProblemError } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { Handlers } from '../http/handler.ts'
import { mergeSnapshot, readSnapshot } from '../ledger/snapshot.ts'
import { version } from '../version.ts'

type NetworkRoutes = Pick<
  Handlers,
  'listPeers' | 'joinNetwork' | 'gossip' | 'replicateMessages' | 'readFeed' | 'readSnapshot' | 'mergeSnapshot'
>

export const networkRoutes: NetworkRoutes = {
  listPeers: async (context) => ({ self: self(context), peers: [] }),
  joinNetwork: async () => refuse('it takes no members'),
  gossip: async () => refuse('it has no members to gossip with'),
  replicateMessages: async () => refuse('it has no peers to agree with'),

  readFeed: async ({ options, instance, ledger }, { query }) => ({
    nodeId: options.nodeId,
    instance,
    ...(await ledger.feed(query.since!, query.limit!)),
  }),

  readSnapshot: async ({ options, ledger }, { query }) => ({
    nodeId: options.nodeId,
    ...(await readSnapshot(ledger, query.limit!, query.cursor)),
  }),

  mergeSnapshot: async ({ ledger }, { body }) => ({ ok: true, changed: await mergeSnapshot(ledger, body.records) }),
}

function self({ options, instance }: Context): Member {
  return { nodeId: options.nodeId, instance, url: options.publicUrl() ?? '', version, state: 'alive' }
}

function refuse(reason: string): never {
  throw new ProblemError('standalone', `this coordinator runs standalone: ${reason}`)
}
