import { routes } from '@skyclaw/protocol'
import { attempt } from './attempt.ts'
import type { ResolvedOptions } from './options.ts'

/** A coordinator tells of its health in a few lines. */
const maxPingBytes = 65_536

/** Asks a coordinator for a sign of life: any answer is one. Carries no token. Never rejects. */
export function pinger(
  { transport, failover }: ResolvedOptions,
  closing: AbortSignal,
): (url: string) => Promise<boolean> {
  const { method, path } = routes.readHealth
  return async (url) => {
    const request = { method, url: url + path, headers: {}, maxResponseBytes: maxPingBytes, ping: true as const }
    const outcome = await attempt((signal) => transport.send({ ...request, signal }), failover.pingTimeoutMs, closing)
    return outcome.kind === 'answered' || outcome.tooLarge
  }
}
