import { claimTells } from './claim-loop.ts'
import type { HostContext } from './context.ts'
import { messageOf, pause, rest } from './retry.ts'

/** One question waits so long at the coordinator for something to happen. */
const watchMs = 25_000
/** Coordinators that answer at once again and again are asked at most so often. */
const minIntervalMs = 100

/**
 * Keeps a question open whether the next heartbeat has news, and beats at once when it has: a cancellation need not wait for the
 * next heartbeat. What has changed is told by the heartbeat alone. Coordinators that do not know the question leave the heartbeat
 * as it is. While the host holds no job and its claim waits, there is no question: of a pause, the claim's early answer tells. Ends
 * with the host; never rejects.
 */
export async function watchChanges(host: HostContext): Promise<void> {
  const { signal } = host.ending
  let seen: string | undefined
  let failures = 0
  while (!signal.aborted) {
    await host.held.until(() => hasToAsk(host), signal).catch(() => {})
    if (signal.aborted) return
    const startedAt = performance.now()
    try {
      const query = { waitMs: watchMs, ...(seen !== undefined && { seen }) }
      const answer = await host.client.call('watchHost', { params: { id: host.id }, query, signal })
      failures = 0
      if (answer.seen !== seen) host.beats.ring()
      seen = answer.seen
      await rest(minIntervalMs - (performance.now() - startedAt), signal)
    } catch (error) {
      if (signal.aborted) return
      if (failures === 0) host.log.info({ reason: messageOf(error) }, 'changes are heard of by the heartbeat alone')
      await pause(failures, signal)
      failures += 1
    }
  }
}

function hasToAsk(host: HostContext): boolean {
  return host.state.registered && !(host.held.isEmpty && claimTells(host))
}
