import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { Cluster } from '../network/cluster.ts'
import { beginJob, close, complete, follow, type LogEvent, next, read, readAll, send, textOf } from './log-network.ts'

/** Which coordinators have a log that is closed on disk. */
function holders(cluster: Cluster, id: string): number[] {
  return cluster.ports.flatMap((_, index) =>
    existsSync(join(`${cluster.dbPath(index)}-logs`, id, '1', 'closed.json')) ? [index] : [],
  )
}

test('a job is followed at another coordinator than the one that holds its log', async () => {
  const cluster = await Cluster.start(2)
  const id = await beginJob(cluster.node(0))
  const events = read(cluster.node(1), id, follow)
  expect(await next(events)).toMatchObject({ event: 'attempt', data: { attempt: 1 } })
  for (const [index, text] of ['one', 'two', 'three'].entries()) {
    await send(cluster.node(0), id, index * 10, text.padEnd(10))
    expect(await next(events)).toMatchObject({ event: 'chunk', data: { offset: index * 10, text: text.padEnd(10) } })
  }
  await complete(cluster.node(0), id)
  await close(cluster.node(0), id, 30)
  expect(await next(events)).toMatchObject({ event: 'end', data: { status: 'completed', complete: true } })
})

test('a closed log is on as many coordinators as a record, and readers go on at any other when its holder is gone', async () => {
  const cluster = await Cluster.start(3)
  const id = await beginJob(cluster.node(0))
  await send(cluster.node(0), id, 0, 'x'.repeat(60_000))
  await send(cluster.node(0), id, 70_000, 'y'.repeat(60_000), { gap: true })
  await send(cluster.node(0), id, 0, 'warn', { stream: 'stderr' })
  await send(cluster.node(0), id, 140_000, '', { gap: true })
  expect(await close(cluster.node(0), id, 140_000, 4)).toEqual({ copies: 2 })
  expect(await close(cluster.node(0), id, 140_000, 4)).toEqual({ copies: 2 })
  const having = holders(cluster, id)
  expect(having).toHaveLength(2)
  expect(having).toContain(0)
  await complete(cluster.node(0), id)
  await cluster.agreed()
  // Read a little, then lose the holder, then go on elsewhere.
  const third = [1, 2].find((index) => !having.includes(index))!
  const begun: LogEvent[] = []
  const events = read(cluster.node(third), id, follow)
  begun.push(await next(events), await next(events))
  await cluster.stopNode(0)
  const rest = await readAll(cluster.node(third), id, { ...follow, after: begun.at(-1)!.id })
  expect(lengthOf([...begun, ...rest])).toBe(120_000)
  expect(textOf([...begun, ...rest], 'stderr')).toBe('warn')
  expect(rest.at(-1)).toMatchObject({ event: 'end', data: { complete: true } })
  // The one that was begun before is told the rest as well.
  for await (const event of events) begun.push(event)
  expect(lengthOf(begun)).toBe(120_000)
  expect(begun.at(-1)).toMatchObject({ event: 'end', data: { complete: true } })
})

test('when the holder goes while a job runs, the host replays its copy elsewhere and followers miss nothing', async () => {
  const cluster = await Cluster.start(3)
  const id = await beginJob(cluster.node(0))
  await send(cluster.node(0), id, 0, 'first ')
  const events = read(cluster.node(1), id, follow)
  await next(events)
  expect(await next(events)).toMatchObject({ data: { text: 'first ' } })
  await cluster.stopNode(0)
  const refused = await send(cluster.node(2), id, 6, 'second')
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'log_gap', expectedOffset: 0 })
  await send(cluster.node(2), id, 0, 'first ')
  await send(cluster.node(2), id, 6, 'second')
  expect(await next(events)).toMatchObject({ event: 'chunk', data: { offset: 6, text: 'second' } })
  await until('the network to take a completion', async () => {
    await complete(cluster.node(2), id)
    return true
  })
  await until('the log to be copied', async () => (await close(cluster.node(2), id, 12)).copies === 2)
  expect(await next(events)).toMatchObject({ event: 'end', data: { complete: true } })
  expect(holders(cluster, id)).toEqual([1, 2])
})

test('a log is closed with the copies that can be had when another coordinator does not answer', async () => {
  const cluster = await Cluster.start(2)
  const id = await beginJob(cluster.node(0))
  await send(cluster.node(0), id, 0, 'x')
  await cluster.stopNode(1)
  // Until the other one is taken for gone, the close is refused, and may be tried again.
  const copies = await until('the log to be closed', async () => (await close(cluster.node(0), id, 1)).copies)
  expect(copies).toBe(1)
  expect(readdirSync(`${cluster.dbPath(0)}-logs`)).toEqual([id])
})

function lengthOf(events: readonly LogEvent[]): number {
  return events.reduce(
    (sum, { event, data }) => sum + (event === 'chunk' && data.stream === 'stdout' ? data.bytes : 0),
    0,
  )
}
