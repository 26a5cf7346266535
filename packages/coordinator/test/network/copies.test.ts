import { copyFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freePort } from '../../../../test/support/free-port.ts'
import { until } from '../../../../test/support/until.ts'
import { shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

test('a copied database that is behind becomes an instance of its own when it is started in place of the original', async () => {
  const cluster = await Cluster.start(2)
  await cluster.node(0).ok('enqueueJob', { body: shellJob() })
  const original = await cluster.instanceOf(1)
  await cluster.stopNode(1)
  copyFileSync(cluster.dbPath(1), cluster.dbPath(7))
  await cluster.startNode(1)
  await cluster.settled()
  const { job } = await cluster.node(1).ok('enqueueJob', { body: shellJob() })
  await cluster.agreed()
  await cluster.stopNode(1)
  await cluster.startNode(1, { dbPath: cluster.dbPath(7) })
  await cluster.settled()
  expect(await cluster.instanceOf(1)).not.toBe(original)
  const warning = cluster.logs[1]!.find(({ msg }) => msg.startsWith('the database is a copy'))
  expect(warning).toMatchObject({ level: 40, formerInstance: original, nodeId: 'node-1' })
  expect((await cluster.node(1).ok('getJob', { params: { id: job.id } })).job.id).toBe(job.id)
  await cluster.agreed()
})

test('a copied database that is started beside its original becomes an instance of its own, though it is not behind', async () => {
  const cluster = await Cluster.start(2)
  const original = await cluster.instanceOf(1)
  await cluster.stopNode(1)
  copyFileSync(cluster.dbPath(1), cluster.dbPath(7))
  await cluster.startNode(1)
  await cluster.settled()
  const port = await freePort()
  const copy = await cluster.startBeside({ dbPath: cluster.dbPath(7), port })
  expect((await copy.ok('listPeers')).self.instance).not.toBe(original)
  expect(await cluster.instanceOf(1)).toBe(original)
})

test('a coordinator that finds out while it runs that it is the copy ends, and says why', async () => {
  const cluster = await Cluster.start(2)
  await cluster.stopNode(1)
  copyFileSync(cluster.dbPath(1), cluster.dbPath(7))
  await cluster.startNode(1)
  await cluster.settled()
  await cluster.node(1).ok('enqueueJob', { body: shellJob() })
  await cluster.agreed()
  // The only witness is away while the copy starts.
  await cluster.stopNode(0)
  await cluster.stopNode(1)
  const failures: Error[] = []
  await cluster.startNode(1, { dbPath: cluster.dbPath(7), onFatal: (error) => void failures.push(error) })
  await cluster.startNode(0)
  await until('the copy to be told', () => failures.length > 0)
  expect(failures[0]!.message).toMatch(/is a copy.*saw turn \d+ of this instance/)
})

test('of two processes of one instance that both run, one ends when a witness comes, and the other goes on', async () => {
  const cluster = await Cluster.start(2)
  const instance = await cluster.instanceOf(1)
  await cluster.stopNode(1)
  copyFileSync(cluster.dbPath(1), cluster.dbPath(7))
  await cluster.stopNode(0)
  const ended: [string, Error][] = []
  const onFatal = (name: string) => (error: Error) => void ended.push([name, error])
  const port = await freePort()
  const copy = await cluster.startBeside({ dbPath: cluster.dbPath(7), port, onFatal: onFatal('copy') })
  const original = await cluster.startNode(1, { onFatal: onFatal('original') })
  await cluster.startNode(0)
  await until('one of them to be told', () => ended.length > 0)
  const [name, error] = ended[0]!
  expect(error.message).toMatch(/is a copy.*(the same instance answers at|saw turn \d+ of this instance)/)
  // Here, the process goes on though it was told to end: it is stopped as it would be.
  await (name === 'copy' ? copy.running.close() : cluster.stopNode(1))
  const left = name === 'copy' ? original : copy
  await until('the other to be a member', async () => (await cluster.viewOf(instance, 0))?.state === 'alive')
  expect((await left.ok('listPeers')).self.instance).toBe(instance)
  expect(ended).toHaveLength(1)
})

test('a restart is no copy: the instance stays what it is', async () => {
  const cluster = await Cluster.start(2)
  const before = await cluster.instanceOf(1)
  await cluster.node(1).ok('enqueueJob', { body: shellJob() })
  await cluster.stopNode(1)
  await cluster.startNode(1)
  await cluster.settled()
  expect(await cluster.instanceOf(1)).toBe(before)
})
