import { expect, test } from 'vitest'
import { shellJob } from '../../test/services.ts'
import { useThreeServices } from '../../test/three-services.ts'
import { until } from '../../../../test/support/until.ts'

const three = useThreeServices()

const once = { max: 1, waitMs: 0 }
const waiting = { max: 1, waitMs: 10_000 }
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id)

test('a job that just became due is left for a moment to the coordinator that made it', async () => {
  const [here, there] = three.services
  const host = await there.registerHost('host-a')
  const learned = Promise.withResolvers<void>()
  const due: string[] = []
  there.ledger.watch(({ kind }) => void (kind === 'job' && learned.resolve()))
  there.ledger.watchDue(({ id }) => void due.push(id))
  const { job } = await here.queue.enqueue(shellJob)
  await learned.promise
  expect(due).toEqual([])
  const accepts = () => true
  const tried = there.ledger.claim({ accepts }, () => expect.fail('it must not try'), 1)
  const { values, tryAgainAt } = await tried
  expect(values).toEqual([])
  expect(tryAgainAt).toBeGreaterThan(three.harness.clock.now())
  await until('its turn', () => due.includes(job.id))
  expect(ids(await there.claims.claim(host, once))).toEqual([job.id])
})

test('a coordinator whose hosts take the jobs that others leave does not wait for them any longer', async () => {
  const [here, there] = three.services
  const host = await there.registerHost('host-a')
  const dueBefore = new Map<string, boolean>()
  const due = new Set<string>()
  there.ledger.watchDue(({ id }) => void due.add(id))
  there.ledger.watch((value) => {
    if (value.kind === 'job' && !dueBefore.has(value.id)) dueBefore.set(value.id, due.has(value.id))
  })
  const isNextDueAtOnce = async () => {
    const claim = there.claims.claim(host, waiting)
    const { job } = await here.queue.enqueue(shellJob)
    expect(ids(await claim)).toEqual([job.id])
    return dueBefore.get(job.id) ?? false
  }
  expect(await isNextDueAtOnce()).toBe(false)
  await until('a job that is announced at once', isNextDueAtOnce)
})
