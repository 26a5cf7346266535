import { expect, test } from 'vitest'
import { shellJob } from '../../test/services.ts'
import { useThreeServices } from '../../test/three-services.ts'
import { until } from '../../../../test/support/until.ts'

const three = useThreeServices()

const waiting = { max: 1, waitMs: 10_000 }
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id)
const inheritances = (at: number) =>
  three.harness.nodes[at]!.events.filter((event) => event === 'inheritance_used').length

/** Has a job taken by a host at the second coordinator, so that the first one knows who takes its jobs. */
async function takeThere() {
  const [here, there] = three.services
  const host = await there.registerHost('host-there')
  const claim = there.claims.claim(host, waiting)
  const { job } = await here.queue.enqueue(shellJob)
  expect(ids(await claim)).toEqual([job.id])
  const id = job.id
  await until('it is known here', async () => (await here.ledger.read(`job:${id}`))?.kind === 'job')
  await until('its lease is known here', () => here.ledger.counts().jobs.leased === 1)
  return host
}

test('a job is left to the coordinator that took the last one, whose host gets it before it is known there', async () => {
  const [here, there] = three.services
  const host = await takeThere()
  expect(inheritances(1)).toBe(0)
  const { network, nodes } = three.harness
  // What was chosen is not told to the heir: it goes on without that.
  network.loses = (to, { type }) => to === nodes[1]!.instance && type === 'learn'
  const claim = there.claims.claim(host, waiting)
  const { job } = await here.queue.enqueue(shellJob)
  expect(ids(await claim)).toEqual([job.id])
  expect(inheritances(1)).toBe(1)
})

test('a job is not left to another coordinator while a claim waits where it is made', async () => {
  const [here, there] = three.services
  const host = await takeThere()
  const near = await here.registerHost('host-here')
  const claim = here.claims.claim(near, waiting)
  const claimThere = there.claims.claim(host, waiting)
  const { job } = await here.queue.enqueue(shellJob)
  expect(ids(await claim)).toEqual([job.id])
  expect(inheritances(1)).toBe(0)
  there.claims.close()
  expect(await claimThere).toEqual([])
})

test('a job that its heir has no host for is taken where it was made', async () => {
  const [here] = three.services
  await takeThere()
  const { job } = await here.queue.enqueue(shellJob)
  const near = await here.registerHost('host-here')
  expect(ids(await here.claims.claim(near, waiting))).toEqual([job.id])
  expect(inheritances(1)).toBe(0)
})
