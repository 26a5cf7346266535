import type { MemberEvent, Peer } from '../network/membership.ts'

export interface Line {
  readonly level: 'info' | 'warn'
  readonly fields: object
  readonly message: string
}

type Kind = MemberEvent['kind']
type Describers = { readonly [K in Kind]: (event: MemberEvent & { readonly kind: K }) => Line }

/** What the log says of a change among the coordinators. */
export function describeEvent(event: MemberEvent): Line {
  const describe = describers[event.kind] as (event: MemberEvent) => Line
  return describe(event)
}

const describers: Describers = {
  alive: ({ peer, first }) => {
    const what = first ? 'is a member now, and alive' : 'is alive again'
    return { level: 'info', fields: fieldsOf(peer), message: `peer ${nameOf(peer)} ${what}` }
  },

  suspect: ({ peer }) => {
    const message = `peer ${nameOf(peer)} does not answer: it is dead unless it soon says that it is not`
    return { level: 'warn', fields: fieldsOf(peer), message }
  },

  dead: ({ peer }) => {
    const message = `peer ${nameOf(peer)} counts as dead: its records are kept elsewhere when it stays away`
    return { level: 'warn', fields: fieldsOf(peer), message }
  },

  heard_of: ({ peer }) => {
    const message = `peer ${nameOf(peer)} was there before this coordinator, and counts as ${peer.state}`
    return { level: 'info', fields: fieldsOf(peer), message }
  },

  forgotten: ({ peer }) => {
    const message = `peer ${nameOf(peer)} was forgotten by an operator: it never returns as instance ${peer.instance}`
    return { level: 'warn', fields: fieldsOf(peer), message }
  },

  usable: ({ peer }) => {
    return { level: 'info', fields: fieldsOf(peer), message: `peer ${nameOf(peer)} can keep records with this one` }
  },

  unusable: ({ peer }) => {
    const { url, failure, knowsUs } = peer
    const why = failure
      ? `${url} ${failure.message}`
      : knowsUs
        ? 'they speak no common version'
        : 'it does not count this coordinator as a member'
    const message = `peer ${nameOf(peer)} is alive, and cannot be worked with: ${why}`
    return { level: 'warn', fields: fieldsOf(peer), message }
  },

  replaced: ({ peer, by }) => {
    const message = `instance ${by} answers at ${peer.url} as a new instance: the database of instance ${peer.instance} (${nameOf(peer)}) is gone from there`
    return { level: 'warn', fields: { ...fieldsOf(peer), newInstance: by }, message }
  },

  moved: ({ peer, from }) => {
    const message = `peer ${nameOf(peer)} has moved from ${from} to ${peer.url}`
    return { level: 'info', fields: { ...fieldsOf(peer), formerUrl: from }, message }
  },

  joined: ({ through, members }) => {
    const message = `joined the network through ${through}, which named ${counted(members)}`
    return { level: 'info', fields: { peer: through, members }, message }
  },

  join_failed: ({ url, failure }) => {
    const fields = { peer: url, ...(failure.code !== undefined && { code: failure.code }) }
    return { level: 'warn', fields, message: `could not join at ${url}, and tries on: it ${failure.message}` }
  },

  rejected: ({ candidate: { url, instance, nodeId, namedBy }, reason }) => {
    const who = namedBy === instance ? 'itself' : `instance ${namedBy}`
    const message = `${nodeId} (instance ${instance}), named by ${who}, does not become a member: ${url} ${reason}`
    return { level: 'warn', fields: { peer: url, peerInstance: instance, peerNodeId: nodeId, namedBy }, message }
  },

  name_conflict: ({ peers: [other, peer] }) => {
    const where = other ? `at ${other.url} (instance ${other.instance})` : 'this one'
    const message = `two live coordinators are called ${peer.nodeId}: ${where}, and at ${peer.url} (instance ${peer.instance}); give each a name of its own`
    return { level: 'warn', fields: { ...fieldsOf(peer), otherInstance: other?.instance }, message }
  },

  self: ({ url }) => {
    const message = `${url} leads to this coordinator itself: leave it out of its peer URLs`
    return { level: 'warn', fields: { peer: url }, message }
  },

  copy: ({ url, instance, boot }) => {
    const message = `two coordinators answer as instance ${instance}, one of them at ${url}: one database is a copy of the other`
    return { level: 'warn', fields: { peer: url, peerInstance: instance, peerBoot: boot }, message }
  },

  refuted: ({ by }) => {
    const who = by === undefined ? 'another coordinator' : `instance ${by}`
    const message = `${who} took this coordinator for dead or about to be, and is told that it lives`
    return { level: 'warn', fields: { peerInstance: by }, message }
  },

  self_forgotten: () => {
    const message =
      'this coordinator was forgotten by an operator: it ends, and becomes an instance of its own when it is started again'
    return { level: 'warn', fields: {}, message }
  },
}

function fieldsOf({ url, instance, nodeId }: Peer): object {
  return { peer: url, peerInstance: instance, peerNodeId: nodeId }
}

/** Of one of which only the feed was read, no name is known. */
function nameOf({ nodeId, instance }: Peer): string {
  return nodeId === '' ? instance : nodeId
}

function counted(members: number): string {
  return members === 1 ? '1 member' : `${members} members`
}
