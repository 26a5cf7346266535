import { limits, type PeerMessage } from '@skyclaw/protocol'

/** Room for what stands around the messages of a body. */
const envelopeBytes = 65_536

/** No message without a value in it is longer: what it names is bounded by the protocol. */
const plainMessageBytes = 8_192

/** Bytes of an answer's messages at most. */
const answerBytes = limits.largeBodyBytes - envelopeBytes

/**
 * As many messages as one answer may carry, from the first on; the others have to travel by themselves. Only messages that carry values
 * are measured, the others are small.
 */
export function splitAnswer(messages: readonly PeerMessage[]): { now: PeerMessage[]; later: PeerMessage[] } {
  let bytes = 0
  let fit = 0
  for (const message of messages) {
    bytes += carriesValue(message) ? Buffer.byteLength(JSON.stringify(message)) : plainMessageBytes
    if (fit === limits.peerMessages || (bytes > answerBytes && fit > 0)) break
    fit += 1
  }
  return { now: messages.slice(0, fit), later: messages.slice(fit) }
}

function carriesValue(message: PeerMessage): boolean {
  if (message.type === 'prepare') return message.base !== undefined
  if (message.type === 'promised') return message.accepted !== undefined
  if (message.type === 'learn') return message.record !== undefined
  return message.type === 'accept' || message.type === 'told' || message.type === 'moved'
}
