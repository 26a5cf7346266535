import type { LedgerRecord } from '@skyclaw/protocol'

/** A record of a queued job. */
export function makeRecord(name: string): LedgerRecord {
  return {
    key: `job:${name}`,
    version: { generation: 0, ballot: { n: 1, node: 'instance-1' } },
    set: { replicas: ['instance-1', 'instance-2', 'instance-3'], m: 2 },
    writtenAt: 1_700_000_000_000,
    value: {
      kind: 'job',
      id: name,
      createdAt: 1_700_000_000_000,
      updatedAt: 1_700_000_000_000,
      sequence: 1_700_000_000_000_000,
      status: 'queued',
      priority: 0,
      runAt: 1_700_000_000_000,
      payload: { kind: 'shell', command: 'echo', args: ['grüße', 'zwei\nZeilen'] },
      requirement: { requiredCapabilities: ['shell'], labels: {} },
      requirementKey: 'a'.repeat(64),
      attempts: 0,
      failures: 0,
      maxAttempts: 1,
      leaseLosses: 0,
      maxLeaseLosses: 3,
      attemptHistory: [],
    },
  }
}
