import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { Id, constants } from './schema.ts'

export const MemberState = constants('alive', 'suspect', 'dead')

/** A coordinator as the others know it. `instance` is made with its database, `nodeId` is configured. */
export const Member = Type.Object({
  nodeId: Id,
  instance: Id,
  url: Type.String({ maxLength: 2_048 }),
  version: Type.String({ maxLength: limits.nameChars }),
  state: MemberState,
})
export type Member = Static<typeof Member>
