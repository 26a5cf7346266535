import type { MemberEvent } from '../network/membership.ts'

interface Line {
  readonly level: 'info' | 'warn'
  readonly fields: object
  readonly message: string
}

/** What the log says of a change among the coordinators. */
export function describeEvent(event: MemberEvent): Line {
  if (event.kind === 'self') {
    const message = `${event.url} leads to this coordinator itself: leave it out of its peer URLs`
    return { level: 'warn', fields: { peer: event.url }, message }
  }
  if (event.kind === 'copy') {
    const { instance, nodeId } = event.of
    const message = `two coordinators answer as instance ${instance}, one of them at ${event.url}: one database is a copy of the other`
    return { level: 'warn', fields: { peer: event.url, peerInstance: instance, peerNodeId: nodeId }, message }
  }
  const { url, instance, nodeId } = event.peer
  const fields = { peer: url, peerInstance: instance, peerNodeId: nodeId }
  if (event.kind === 'alive') return { level: 'info', fields, message: `peer ${nodeId} is alive` }
  if (event.kind === 'dead') return { level: 'warn', fields, message: `peer ${nodeId} does not answer` }
  const message = `${event.by.nodeId} answers at ${url} as a new instance: the database of instance ${instance} is gone from there`
  return { level: 'warn', fields: { ...fields, newInstance: event.by.instance }, message }
}
