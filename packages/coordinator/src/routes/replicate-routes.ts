import type { Handlers } from '../http/handler.ts'
import { mergeSnapshot, readSnapshot } from '../ledger/snapshot.ts'

type ReplicateRoutes = Pick<Handlers, 'replicateMessages' | 'readFeed' | 'readSnapshot' | 'mergeSnapshot'>

export const replicateRoutes: ReplicateRoutes = {
  replicateMessages: async ({ network }, { body }) => network.receive(body),

  readFeed: async ({ options, instance, ledger }, { query }) => ({
    nodeId: options.nodeId,
    instance,
    ...(await ledger.feed(query.since!, query.limit!, { brief: query.brief === 1 })),
  }),

  readSnapshot: async ({ options, ledger }, { query }) => ({
    nodeId: options.nodeId,
    ...(await readSnapshot(ledger, query.limit!, query.cursor)),
  }),

  mergeSnapshot: async ({ ledger }, { body: { records, restore = false } }) => {
    const { changed, adopted } = await mergeSnapshot(ledger, records, { restore })
    return { ok: true, changed, ...(restore && { adopted }) }
  },
}
