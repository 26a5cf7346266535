import type { Member } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { Handlers } from '../http/handler.ts'
import { peerViews, selfView } from './peer-views.ts'
import { version } from '../version.ts'

type NetworkRoutes = Pick<Handlers, 'listPeers' | 'joinNetwork' | 'gossip'>

export const networkRoutes: NetworkRoutes = {
  listPeers: async (context) => ({ self: selfView(context), peers: peerViews(context) }),

  joinNetwork: async (context) => {
    context.network.assertHasPeers('it takes no members')
    const news = context.network.membership.peers().flatMap((peer) => (peer.news ? [{ peer, news: peer.news }] : []))
    const peers = news.map(({ peer: { instance, nodeId, url, alive }, news: { version: program } }): Member => {
      return { nodeId, instance, url, version: program, state: alive ? 'alive' : 'dead' }
    })
    return { self: self(context), peers }
  },

  gossip: async ({ network }, { body }) => network.gossip(body),
}

function self({ options, instance }: Context): Member {
  return { nodeId: options.nodeId, instance, url: options.publicUrl() ?? '', version, state: 'alive' }
}
