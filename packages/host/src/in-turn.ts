import type { HostContext } from './context.ts'

/** Reports on their way at once: a slow coordinator must not take the connections of heartbeats and claims. */
export const maxDeliveries = 32

/** What those share that take turns. */
export type Turns = Pick<HostContext, 'held' | 'state' | 'ending'>

/** Calls as soon as fewer than `maxDeliveries` are on their way. Rejects when the host ends first. */
export async function inTurn<T>({ held, state, ending }: Turns, call: () => Promise<T>): Promise<T> {
  const takeTurn = () => {
    if (state.deliveries >= maxDeliveries) return false
    state.deliveries += 1
    return true
  }
  await held.until(takeTurn, ending.signal)
  try {
    return await call()
  } finally {
    state.deliveries -= 1
    held.wake()
  }
}
