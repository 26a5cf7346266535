import { PeerMessage, type PeerMessage as Message } from '@skyclaw/protocol'
import { createCheck } from '../../../packages/coordinator/src/http/validator.ts'
import { wrongMessage } from '../../../packages/coordinator/src/runtime/message-check.ts'

const sampledEvery = 50

const check = createCheck(PeerMessage, 'message')

/** Sends a sample of all messages through JSON, and checks them as receivers do: against the schema, and for what that lets through. */
export class WireCheck {
  checked = 0
  #seen = 0

  /** The batch as it arrives. Throws what the receiver would refuse it with. */
  pass(from: string, messages: readonly Message[]): readonly Message[] {
    this.#seen += 1
    if (this.#seen % sampledEvery !== 0) return messages
    return messages.map((message) => {
      const copy = JSON.parse(JSON.stringify(message)) as Message
      check(copy)
      const wrong = wrongMessage(copy, from)
      if (wrong !== undefined) throw new Error(wrong)
      this.checked += 1
      return copy
    })
  }
}
