import { ProblemError } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { name, OtherCoordinators, scratchLogs } from '../../test/logs/other-coordinators.ts'
import { ThrottledLog } from '../runtime/throttled-log.ts'
import { LogCopies } from './copies.ts'

const sizes = { stdout: 200_000, stderr: 9 }

/** A closed log with a gap in the middle and one at the end, and others that have nothing of it. */
async function bench(others: number, minReplications: number) {
  const network = new OtherCoordinators()
  for (let index = 0; index < others; index += 1) await network.add(`c${index}`)
  const log = await (await scratchLogs()).open(name)
  await log.append('stdout', 0, Buffer.alloc(100_000, 'a'))
  await log.append('stdout', 150_000, Buffer.alloc(50_000, 'b'), { gap: true })
  await log.append('stderr', 0, Buffer.from('warn'))
  await log.append('stderr', 9, Buffer.alloc(0), { gap: true })
  await log.close(sizes)
  const quiet = { info: () => undefined, warn: () => undefined }
  const warnings = new ThrottledLog(quiet, () => 0)
  const copies = new LogCopies({
    ...{ peers: network.peers, minReplications: () => minReplications, warnings },
    closing: new AbortController().signal,
  })
  const closed = () => [...network.logs].flatMap(([instance, copy]) => (copy.closed ? [instance] : []))
  return { network, log, copies, closed }
}

test('so many others get all of it as are to have a record, gaps included, and a repeat finds them', async () => {
  const { network, log, copies, closed } = await bench(5, 3)
  expect(await copies.make(log, 'host')).toBe(2)
  expect(closed()).toHaveLength(2)
  for (const instance of closed()) {
    const copy = network.logs.get(instance)!
    expect(copy.sizes).toEqual(sizes)
    expect(await copy.read({ stdout: 0, stderr: 0 }, 1e6)).toEqual(await log.read({ stdout: 0, stderr: 0 }, 1e6))
  }
  network.calls.length = 0
  expect(await copies.make(log, 'host')).toBe(2)
  expect(network.calls.map((call) => call.split(' ')[0])).toEqual(['page', 'page'])
})

test('one that does not answer is replaced by another', async () => {
  const { network, log, copies, closed } = await bench(4, 3)
  for (const instance of ['c0', 'c1']) network.down.add(instance)
  expect(await copies.make(log, 'host')).toBe(2)
  expect(closed()).toEqual(['c2', 'c3'])
})

test('when too few answer it is said so, and what was brought so far is not brought again', async () => {
  const { network, log, copies, closed } = await bench(2, 3)
  network.down.add('c0')
  await expect(copies.make(log, 'host')).rejects.toSatisfy(
    (error: ProblemError) => error.code === 'insufficient_replicas' && error.problem.retryable,
  )
  expect(closed()).toEqual(['c1'])
  network.down.clear()
  network.calls.length = 0
  expect(await copies.make(log, 'host')).toBe(2)
  expect(network.calls).not.toContain('put c1')
})

test('where fewer others live than are to have it, those are enough', async () => {
  const { log, copies } = await bench(1, 5)
  expect(await copies.make(log, 'host')).toBe(1)
  const alone = await bench(0, 5)
  expect(await alone.copies.make(alone.log, 'host')).toBe(0)
})

test('the same log is copied once at a time', async () => {
  const { network, log, copies } = await bench(1, 2)
  expect(await Promise.all([copies.make(log, 'host'), copies.make(log, 'host')])).toEqual([1, 1])
  expect(network.calls.filter((call) => call === 'close c0')).toHaveLength(1)
})
