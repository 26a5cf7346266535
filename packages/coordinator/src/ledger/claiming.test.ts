import type { JobRecord, LedgerRecord } from '@skyclaw/protocol'
import { ProblemError } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { keep, refuse } from '../core/decision.ts'
import type { ChangeRequest, ChangeResult, Mesh, Step } from '../mesh/mesh.ts'
import { newJobRecord } from '../jobs/new-job.ts'
import { Calls } from './calls.ts'
import { Claiming } from './claiming.ts'
import { ManualClock } from './conformance.ts'
import { anyHost } from './conformance/case.ts'
import { HeldCandidates } from './held-candidates.ts'
import { Offers } from './offers.ts'
import { jobKey } from './record-key.ts'

interface Race {
  readonly key: string
  readonly abandoned: () => boolean
  readonly end: (result: ChangeResult) => void
}

/** A claiming whose candidates are these, in this order, over a mesh in which a race ends when the test says so. */
function bench(
  names: readonly string[],
  options: {
    rank?: (name: string) => number
    random?: () => number
    givesWay?: readonly string[]
    offered?: readonly string[]
  } = {},
) {
  const clock = new ManualClock()
  const races: Race[] = []
  const change = (_step: Step, { key, abandoned, done }: ChangeRequest) =>
    void races.push({ key, abandoned: abandoned!, end: done })
  const run = async <T>(input: (step: Step, mesh: Mesh) => T) => input({} as Step, { change } as Mesh)
  const released: string[] = []
  const held = new HeldCandidates(clock, (key) => void released.push(key))
  const queued = new Map(names.map((name) => [jobKey(name) as string, recordOf(name)]))
  const offers = new Offers()
  for (const name of options.offered ?? []) offers.add(recordOf(name))
  const due = (_: string, limit: number) =>
    [...queued.keys()].slice(0, limit).map((key, at) => ({ key, priority: 0, runAt: 0, sequence: at }))
  const claiming = new Claiming({
    calls: new Calls({ run, settle: () => undefined, settleOpen: () => undefined }),
    store: { known: (key) => queued.get(key), due },
    clock,
    queue: { lanesFor: () => (queued.size > 0 ? [{ key: 'any', best: undefined }] : []) },
    held,
    offers,
    promote: () => undefined,
    givesWay: ({ key }) => options.givesWay?.includes(key.slice('job:'.length)) ?? false,
    rank: ({ key }) => options.rank?.(key.slice('job:'.length)) ?? 0,
    lost: () => undefined,
    random: options.random ?? (() => 0.5),
  })
  const claim = (limit: number, signal?: AbortSignal) => claiming.claim<JobRecord>(anyHost, () => keep, limit, signal)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const end = async (name: string, result: 'taken' | Error) => {
    const at = races.findIndex(({ key }) => key === jobKey(name))
    const [race] = races.splice(at, 1)
    const { value } = queued.get(jobKey(name)) ?? recordOf(name)
    if (result === 'taken' || result === lost) queued.delete(jobKey(name))
    race!.end(result === 'taken' ? { ok: true, key: race!.key, value, changed: true } : { ok: false, error: result })
    await turn()
  }
  const racing = async () => {
    await turn()
    return races.map(({ key }) => key.slice('job:'.length))
  }
  return { claim, racing, end, clock, held, races, released }
}

function recordOf(name: string): LedgerRecord {
  const value = newJobRecord({ payload: { kind: 'shell', command: 'true' } }, { id: name, now: 0, sequence: 0 })
  const version = { generation: 0, ballot: { n: 1, node: 'a' } }
  return { key: jobKey(name), version, set: { replicas: ['a'], m: 1 }, writtenAt: 0, value }
}

const lost = (refuse('lease_lost', 'the job is not free') as { error: ProblemError }).error
const noQuorum = new ProblemError('quorum_unreachable', 'nobody answers', { outcome: 'unknown' })
const ids = ({ values }: { values: readonly JobRecord[] }) => values.map(({ id }) => id)

test('a job whose twin stands is not claimed, and is looked at again when it should have given way', async () => {
  const { claim, racing, end, held } = bench(['twin', 'b'], { givesWay: ['twin'] })
  const claimed = claim(2)
  expect(await racing()).toEqual(['b'])
  await end('b', 'taken')
  expect(ids(await claimed)).toEqual(['b'])
  expect(held.leftMs(jobKey('twin'))).toBeGreaterThan(0)
})

test('a job that was left to this coordinator is claimed after all that is known to be due, and by one claim', async () => {
  const { claim, racing, end } = bench(['a'], { offered: ['left', 'twin'], givesWay: ['twin'] })
  const claimed = claim(2)
  expect(await racing()).toEqual(['a', 'left'])
  expect((await claim(1)).values).toEqual([])
  await end('a', 'taken')
  await end('left', 'taken')
  expect(ids(await claimed)).toEqual(['a', 'left'])
  expect((await claim(1)).values).toEqual([])
})

test('a claim races for as many as it wants at once, and replaces those it loses by the next', async () => {
  const { claim, racing, end } = bench(['a', 'b', 'c', 'd', 'e'])
  const claimed = claim(3)
  expect(await racing()).toEqual(['a', 'b', 'c'])
  await end('c', 'taken')
  await end('a', lost)
  expect(await racing()).toEqual(['b'])
  await end('b', lost)
  expect(await racing()).toEqual(['d', 'e'])
  await end('e', 'taken')
  await end('d', lost)
  expect(ids(await claimed)).toEqual(['c', 'e'])
})

test('claims of one coordinator do not race for the same job, and one that finds nothing else is told to come again', async () => {
  const { claim, racing, end, clock } = bench(['a', 'b'])
  const [first, second] = [claim(1), claim(1)]
  expect(await racing()).toEqual(['a', 'b'])
  const third = await claim(1)
  expect(third.values).toEqual([])
  expect(third.tryAgainAt).toBeGreaterThan(clock.now())
  await end('b', 'taken')
  await end('a', 'taken')
  expect([...ids(await first), ...ids(await second)]).toEqual(['a', 'b'])
})

test('what was taken is handed out though no quorum answered for the rest', async () => {
  const { claim, racing, end } = bench(['a', 'b', 'c'])
  const claimed = claim(2)
  await racing()
  await end('a', 'taken')
  await end('b', noQuorum)
  expect(await claimed).toEqual({ values: [expect.objectContaining({ id: 'a' })] })
  expect(await racing()).toEqual([])
})

test('when no quorum answers nothing is taken, and the candidates rest for a moment before anybody tries again', async () => {
  const { claim, racing, end, clock, held, released } = bench(['a'])
  const first = claim(1)
  await racing()
  await end('a', noQuorum)
  const { values, tryAgainAt } = await first
  expect([values, tryAgainAt! > clock.now()]).toEqual([[], true])
  expect(await claim(1)).toEqual({ values: [], tryAgainAt })
  expect(held.leftMs(jobKey('a'))).toBe(tryAgainAt! - clock.now())
  clock.advance(held.leftMs(jobKey('a')))
  const again = claim(1)
  expect(await racing()).toEqual(['a'])
  await end('a', 'taken')
  expect(ids(await again)).toEqual(['a'])
  expect(released).toEqual([])
  held.stop()
})

test('a claim given up takes nothing: it begins no race, those under way are told, and others hear of the job', async () => {
  const { claim, racing, end, races, released } = bench(['a'])
  expect(await claim(1, AbortSignal.abort())).toEqual({ values: [] })
  const caller = new AbortController()
  const given = claim(1, caller.signal)
  expect(await racing()).toEqual(['a'])
  const { abandoned } = races[0]!
  expect(abandoned()).toBe(false)
  caller.abort()
  expect(abandoned()).toBe(true)
  await end('a', Object.assign(new Error('given up'), { name: 'AbortError' }))
  expect(await given).toEqual({ values: [] })
  for (const deadline = performance.now() + 2_000; released.length === 0 && performance.now() < deadline;)
    await racing()
  expect(released).toEqual([jobKey('a')])
})

test('a decision that fails is an error to its claim, unless jobs were taken, which must reach their host', async () => {
  const broken = new TypeError('broken')
  const { claim, racing, end } = bench(['a', 'b', 'c'])
  const failed = Promise.allSettled([claim(1)])
  await racing()
  await end('a', broken)
  expect(await failed).toEqual([{ status: 'rejected', reason: broken }])
  const partly = claim(2)
  expect(await racing()).toEqual(['a', 'b'])
  await end('a', 'taken')
  await end('b', broken)
  expect(ids(await partly)).toEqual(['a'])
})

test('after a lost race, jobs that others go first for are passed by for those of this coordinator, but not always', async () => {
  let random = 0.9
  const rank = (name: string) => (name.startsWith('own') ? 0 : 1)
  const { claim, racing, end, clock } = bench(['a', 'b', 'own-c', 'd', 'own-e'], { rank, random: () => random })
  const first = claim(1)
  expect(await racing()).toEqual(['a'])
  await end('a', lost)
  expect(await racing()).toEqual(['own-c'])
  random = 0
  const second = claim(1)
  expect(await racing()).toEqual(['own-c', 'b'])
  random = 0.9
  const third = claim(2)
  expect(await racing()).toEqual(['own-c', 'b', 'own-e', 'd'])
  clock.advance(1_000)
  for (const name of ['own-c', 'b', 'own-e', 'd']) await end(name, 'taken')
  expect([await first, await second, await third].flatMap(ids)).toEqual(['own-c', 'b', 'own-e', 'd'])
})
