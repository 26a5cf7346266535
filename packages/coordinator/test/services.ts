import { HostSessions } from '../src/core/host-sessions.ts'
import { HostRegistry } from '../src/hosts/registry.ts'
import { Claims } from '../src/jobs/claims.ts'
import { JobQueue } from '../src/jobs/queue.ts'
import { Secrets } from '../src/jobs/secrets.ts'
import type { LedgerHarness } from '../src/ledger/conformance.ts'

export const leaseMs = 20_000

/** The services of a coordinator on a ledger whose clock stands still. */
export function createServices({ ledger, clock }: Pick<LedgerHarness, 'ledger' | 'clock'>) {
  const sessions = new HostSessions(leaseMs, clock.monotonic())
  const warnings: unknown[] = []
  const log = { info: () => undefined, warn: (...line: unknown[]) => void warnings.push(line) }
  const hosts = new HostRegistry({ ledger, sessions, clock, log })
  const secrets = new Secrets('token')
  const queue = new JobQueue({ ledger, hosts, clock, random: () => 0.5, token: 'token', secrets, log })
  const claims = new Claims({ ledger, hosts, clock, maxWaitingClaims: 100 })
  const registerHost = (hostId: string, capabilities = ['shell']) =>
    hosts.register({ hostId, name: hostId, capabilities })
  return { ledger, clock, hosts, queue, claims, secrets, registerHost, warnings }
}

export const shellJob = { payload: { kind: 'shell' as const, command: 'true' } }

export function report(hostId: string, attempt: number, success: boolean) {
  return { hostId, attempt, success, durationMs: 1, exitCode: success ? 0 : 1, stdout: 'out', stderr: '' }
}
