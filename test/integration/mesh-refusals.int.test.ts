import { randomUUID } from 'node:crypto'
import { type BodyOf, type LedgerRecord, type routes, wireVersion } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueue, readJob } from '../support/enqueue.ts'
import { readRecords, sameEverywhere } from '../support/knowledge.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

type Body = BodyOf<(typeof routes)['replicateMessages']>

const farAhead = 1_000_000_000

/** Says that a record was chosen with another value, under a version above all others. */
function forgedLearn(record: LedgerRecord, instance: string): object {
  const version = { generation: record.version.generation, ballot: { n: farAhead, node: instance } }
  const value = { ...record.value, status: 'cancelled', cancelReason: 'forged' }
  return { type: 'learn', key: record.key, version, record: { ...record, version, value } }
}

/** What a coordinator knows, and the number under which it learned the latest of it. */
async function knowledge({ http }: ClusterNode) {
  const { next, more } = await http.must('readFeed', { query: { since: 0, limit: 1_000 } })
  expect(more).toBe(false)
  return { next, records: await readRecords(http) }
}

test('peer messages that are old, copied, strange or malformed are refused and logged, and change nothing', async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  const [a, b, c, cluster] = await Cluster.startThree({ entry })
  const { id } = await enqueue(a.http)
  await sameEverywhere(cluster.nodes)
  const from = await b.instance()
  const [record] = [...(await readRecords(a.http)).values()]
  const learn = forgedLearn(record!, from)
  const to = await a.instance()
  const wellFormed = { version: wireVersion, from, to, boot: randomUUID(), turn: 0, messages: [learn] }
  const before = await knowledge(a)

  const refused: Record<string, object> = {
    'another wire version': { ...wellFormed, version: wireVersion + 1, turn: farAhead },
    'an older wire version': { ...wellFormed, version: wireVersion - 1, turn: farAhead },
    'no wire version': { ...wellFormed, version: undefined, turn: farAhead },
    'a lower turn under another boot': wellFormed,
    'an instance that nobody knows': { ...wellFormed, from: randomUUID(), turn: farAhead },
    'messages for another instance': { ...wellFormed, to: randomUUID(), turn: farAhead },
    'a message of no known type': { ...wellFormed, turn: farAhead, messages: [{ type: 'elect' }] },
    'a message without its fields': { ...wellFormed, turn: farAhead, messages: [{ type: 'accept', key: record!.key }] },
    'a value that makes no sense': {
      ...wellFormed,
      turn: farAhead,
      messages: [{ ...learn, record: { ...record, value: { kind: 'job' } } }],
    },
    'no messages': { ...wellFormed, turn: farAhead, messages: 'none' },
  }
  for (const [what, body] of Object.entries(refused)) {
    const logged = a.process.stdout().length
    const answer = await a.http.call('replicateMessages', { body: body as Body })
    expect(answer.ok, what).toBe(false)
    expect([400, 403, 409], `${what}: ${JSON.stringify(answer.body)}`).toContain(answer.status)
    expect(answer.body, what).toMatchObject({ retryable: false, detail: expect.stringMatching(/\w/) })
    const warning = () => /^.*"level":40.*$/m.exec(a.process.stdout().slice(logged))
    await until(`a warning about ${what}`, warning, { deadlineMs: 1_000 })
  }
  expect(await knowledge(a)).toEqual(before)
  expect(await readJob(a.http, id)).toMatchObject({ status: 'queued' })

  // The one in whose name they came is believed as before: a change needs it now.
  await c.kill()
  await enqueue(a.http)
  await c.start()
  await cluster.allLive()
  expect(await sameEverywhere(cluster.nodes)).toHaveLength(2)
})
