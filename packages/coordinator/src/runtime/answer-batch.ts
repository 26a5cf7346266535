import { limits, type PeerMessage } from '@skyclaw/protocol'

/** Room for what stands around the messages of a body. */
const envelopeBytes = 65_536

/** No message without a value in it is longer: what it names is bounded by the protocol. */
const plainMessageBytes = 8_192

/** Bytes of an answer's messages at most. */
const answerBytes = limits.largeBodyBytes - envelopeBytes

/**
 * As many messages as one answer may carry, from the first on; the others have to travel by themselves. One that fits into no body is
 * left out, as if it had been lost. Only messages that carry values are measured, the others are small.
 */
export function splitAnswer(messages: readonly PeerMessage[]): { now: PeerMessage[]; later: PeerMessage[] } {
  const now: PeerMessage[] = []
  let bytes = 0
  for (const [index, message] of messages.entries()) {
    const size = carriesValue(message) ? Buffer.byteLength(JSON.stringify(message)) : plainMessageBytes
    if (size > answerBytes) continue
    if (now.length === limits.peerMessages || bytes + size > answerBytes) return { now, later: messages.slice(index) }
    now.push(message)
    bytes += size
  }
  return { now, later: [] }
}

function carriesValue(message: PeerMessage): boolean {
  if (message.type === 'prepare') return message.base !== undefined
  if (message.type === 'promised') return message.accepted !== undefined
  if (message.type === 'learn') return message.record !== undefined
  return message.type === 'accept' || message.type === 'told' || message.type === 'moved'
}
