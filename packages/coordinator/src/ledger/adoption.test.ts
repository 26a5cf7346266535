import type { LedgerRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { shellJobRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'
import { cancel } from '../core/lifecycle.ts'
import { addJob } from './conformance/case.ts'
import { jobKey } from './record-key.ts'

const ledgers = new MeshLedgers()

/** Jobs of a network that is gone. */
function foreignRecords(count: number, replicas: readonly string[]): LedgerRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `foreign-${index}`
    const version = { generation: 0, ballot: { n: 1, node: replicas[0]! } }
    const value = shellJobRecord({ id, sequence: index })
    return { key: jobKey(id), version, set: { replicas: [...replicas], m: 2 }, writtenAt: Date.now(), value }
  })
}

test('records are counted as stranded when they can still change, the keeper keeps them, and too few that do may return', async () => {
  const harness = await ledgers.create()
  try {
    const { ledger } = harness
    await addJob(harness, 'own')
    await ledger.merge(foreignRecords(1_201, ['x', 'y', 'z']))
    const moved = foreignRecords(1, ['u', 'v', 'w'])[0]!
    await ledger.merge([{ ...moved, key: jobKey('m'), moved: { replicas: ['x', 'y'], m: 2 } }])
    const ended = cancel(shellJobRecord({ id: 'ended' }), { now: 2_000 })
    expect(ended.kind).toBe('write')
    if (ended.kind === 'write') {
      await ledger.merge([{ ...foreignRecords(1, ['x', 'y', 'z'])[0]!, key: jobKey('ended'), value: ended.value }])
    }
    const returning = (...ids: string[]) => ledger.countStranded('x', (id) => ids.includes(id))
    expect(await returning()).toBe(1_202)
    expect(await returning('y')).toBe(1_202)
    // Two are a quorum of the three; the moved record needs both of its two.
    expect(await returning('y', 'z')).toBe(1)
    expect(await returning('x', 'y')).toBe(0)
    expect(await ledger.countStranded('w', () => false)).toBe(0)
    expect(await ledger.countStranded('u', () => false)).toBe(0)
  } finally {
    await harness.close()
  }
})

test('all stranded records are taken over, others are changed meanwhile, and the same again takes over none', async () => {
  const harness = await ledgers.create()
  try {
    const { ledger } = harness
    await addJob(harness, 'own')
    await ledger.merge(foreignRecords(1_201, ['x', 'y', 'z']))
    let over = false
    const mayReturn = (id: string) => id === harness.node.instance
    const adopting = ledger.adoptStranded(mayReturn).finally(() => (over = true))
    await ledger.change(jobKey('own'), (job) => cancel(job, { now: harness.clock.now() }))
    expect(over).toBe(false)
    expect(await adopting).toBe(1_201)
    expect(await ledger.adoptStranded(mayReturn)).toBe(0)
    await ledger.change(jobKey('foreign-1200'), (job) => cancel(job, { now: harness.clock.now() }))
    expect(await ledger.read(jobKey('foreign-1200'))).toMatchObject({ status: 'cancelled' })
  } finally {
    await harness.close()
  }
})

test('a record is taken over from the latest value that a live coordinator knows, and not at all when that one ended it', async () => {
  const harness = await ledgers.createThree()
  try {
    const [here, there] = harness.nodes
    await addJob(harness, 'changed')
    await addJob(harness, 'ended')
    const deaf = here!.instance
    harness.network.loses = (to) => to === deaf
    const later = await there!.ledger.change(jobKey('changed'), (job) => write({ ...job!, priority: 7 }))
    await there!.ledger.change(jobKey('ended'), (job) => cancel(job, { now: harness.clock.now() }))
    expect(later.changed).toBe(true)
    harness.network.loses = () => false
    expect(await here!.ledger.read(jobKey('changed'), { locally: true })).toMatchObject({ priority: 0 })
    // Two of the three never return: what this one knows alone would undo what they agreed on.
    expect(await here!.ledger.adoptStranded((id) => id === deaf)).toBe(1)
    for (const { ledger } of [here!, there!]) {
      expect(await ledger.read(jobKey('changed'), { consistent: true })).toMatchObject({ priority: 7 })
    }
    expect(await here!.ledger.read(jobKey('ended'))).toMatchObject({ status: 'cancelled' })
  } finally {
    await harness.close()
  }
})

test('what cannot be taken over is said with how many were, and goes on where it was', async () => {
  const harness = await ledgers.createThree()
  try {
    const [here, ...others] = harness.nodes
    await here!.ledger.merge(foreignRecords(3, ['x', 'y', 'z']))
    harness.network.cut(...others)
    const mayReturn = (id: string) => harness.nodes.some(({ instance }) => instance === id)
    await expect(here!.ledger.adoptStranded(mayReturn)).rejects.toMatchObject({
      name: 'ProblemError',
      message: expect.stringMatching(/^took over 0 records, and not 3 others: /),
      problem: { outcome: 'unknown' },
    })
    harness.network.heal()
    expect(await here!.ledger.adoptStranded(mayReturn)).toBe(3)
  } finally {
    await harness.close()
  }
})
