import type { Handlers } from '../http/handler.ts'
import { forgetMember } from '../network-admin/forget.ts'
import { peerViews, selfView } from './peer-views.ts'

type NetworkRoutes = Pick<
  Handlers,
  'listPeers' | 'joinNetwork' | 'challengeMember' | 'gossip' | 'probeMember' | 'forgetMember'
>

export const networkRoutes: NetworkRoutes = {
  listPeers: async (context) => ({ self: selfView(context), peers: peerViews(context) }),

  joinNetwork: async ({ network }, { body }) => network.join(body),

  challengeMember: async ({ network }, { body }) => network.challenge(body),

  gossip: async ({ network }, { body }) => network.gossip(body),

  probeMember: async ({ network }, { body }) => network.probe(body),

  forgetMember: async (context, { body }) => forgetMember(context, body),
}
