import { type MemberNews, type MemberUpdate, wireRange, wireVersion } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { churn } from './churn.ts'
import type { Coordinator } from './coordinator.ts'
import { Field, type FieldPlan } from './field.ts'
import { rateOver, startChain } from './measure.ts'
import { memberMutants } from './mutants.ts'
import { randomRun } from './random-run.ts'
import { runMutant } from './run-mutant.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const minuteMs = 60_000
const randomSeeds = 70

/** A chain of coordinators that has come to agree. */
function grown(count: number, plan: Partial<FieldPlan> = {}): { field: Field; all: Coordinator[] } {
  const field = new Field({ seed, ...plan })
  startChain(field, count)
  expect(
    field.until(() => field.agrees, minuteMs),
    field.disagreement(),
  ).toBeDefined()
  return { field, all: field.coordinators }
}

/** What a coordinator says of itself. */
function newsOf({ name: nodeId, instance, url, process }: Coordinator): MemberNews {
  const { boot, membership } = process!
  const { incarnation } = membership
  const own = { nodeId, instance, url, boot, incarnation, version: '0.1.0', wire: wireRange }
  return { ...own, state: 'alive', ready: true, turn: 1, feedSeq: 1 }
}

function died(field: Field): string[] {
  return field.observer.falseDeaths.map(({ by, of, atMs }) => `${by} declared ${of} dead at ${atMs.toFixed(0)} ms`)
}

function ratesOf(count: number) {
  const { field } = grown(count, { sampleEvery: 8, tickMs: 200 })
  field.run(10_000)
  const calm = rateOver(field, 10_000)
  churn(field, { sharePerMinute: 0.1 })
  return { calm, churned: rateOver(field, 45_000), deaths: died(field) }
}

/**
 * In calm nothing depends on their number. Under churn of so many per cent a minute, ten times as many have ten times as many events a second, and everybody
 * must hear of each: what is told of them grows, within the most that one message tells, and so do the messages with which each meets those who come.
 */
test(
  `200 coordinators send no more messages each than 20, and at most 2.5 times the bytes under churn (seed ${seed})`,
  { timeout: minuteMs },
  () => {
    const [few, many] = [ratesOf(20), ratesOf(200)]
    expect(many.calm.messages / few.calm.messages).toBeLessThan(1.1)
    expect(many.calm.bytes / few.calm.bytes).toBeLessThan(1.15)
    expect(many.churned.messages / few.churned.messages).toBeLessThan(1.5)
    expect(many.churned.bytes / few.churned.bytes).toBeLessThan(2.5)
    expect(many.churned.messages).toBeLessThan(9)
    expect([...few.deaths, ...many.deaths]).toEqual([])
  },
)

test('ten coordinators, each given only the one before, all know each other within 10 s', () => {
  const field = new Field({ seed })
  startChain(field, 10)
  expect(
    field.until(() => field.agrees, 9_000),
    field.disagreement(),
  ).toBeDefined()
})

test.each([3, 5, 20])('of %i coordinators, two that cannot hear each other are dead for nobody', (count) => {
  const { field, all } = grown(count)
  const [a, b] = [all[0]!, all[1]!]
  const mend = field.cut([a], [b])
  field.run(4 * minuteMs)
  for (const { process } of all)
    expect(process!.membership.peers().filter(({ state }) => state !== 'alive')).toEqual([])
  const seen = [a.process!.membership.peer(b.instance), b.process!.membership.peer(a.instance)]
  expect(seen.map((peer) => peer?.usable)).toEqual([false, false])
  expect(field.observer.counts.get('dead')).toBeUndefined()
  mend()
  expect(
    field.until(() => field.agrees, 10_000),
    field.disagreement(),
  ).toBeDefined()
})

test.each([0.01, 0.05])('nobody dies of a network that loses a share of %f of the messages', (lossChance) => {
  const { field } = grown(25, { network: { lossChance } })
  field.run(4 * minuteMs)
  expect(field.observer.counts.get('dead')).toBeUndefined()
  field.network.heal()
  expect(
    field.until(() => field.agrees, 10_000),
    field.disagreement(),
  ).toBeDefined()
})

test('a process that stood still for a minute declares nobody dead, and is taken back without a storm', () => {
  const { field, all } = grown(10)
  field.run(20_000)
  const usual = rateOver(field, 20_000).messages
  const paused = all[4]!
  paused.pause(minuteMs)
  field.run(minuteMs - 1_000)
  for (const { process } of field.running) expect(process!.membership.peer(paused.instance)?.state).toBe('dead')
  field.run(1_000)
  const deaths = field.observer.counts.get('dead')!
  expect(rateOver(field, 10_000).messages).toBeLessThan(3 * usual)
  expect(field.disagreement()).toBeUndefined()
  expect(field.observer.counts.get('dead')).toBe(deaths)
  expect(deaths).toBe(9)
})

test.each([
  [5, 10_000],
  [50, 20_000],
])('%i coordinators that were parted in two for minutes agree within %i ms', (count, withinMs) => {
  const { field, all } = grown(count)
  const half = Math.floor(count / 2)
  const mend = field.part(all.slice(0, half), all.slice(half))
  field.run(3 * minuteMs)
  const states = all[0]!.process!.membership.peers().map(({ state }) => state)
  expect(states.filter((state) => state === 'alive')).toHaveLength(half - 1)
  mend()
  expect(
    field.until(() => field.agrees, withinMs),
    field.disagreement(),
  ).toBeDefined()
})

test('coordinators that are all restarted know each other without any bootstrap peer', () => {
  const { field, all } = grown(10)
  for (const coordinator of all) {
    coordinator.kill()
    coordinator.peerUrls = []
  }
  field.run(minuteMs)
  for (const coordinator of all) coordinator.start()
  expect(
    field.until(() => field.agrees, 10_000),
    field.disagreement(),
  ).toBeDefined()
})

test('an observer that is late by seconds gets nobody declared dead', () => {
  const { field, all } = grown(12)
  all[3]!.lagMs = 2_000
  field.run(3 * minuteMs)
  const dead = died(field).filter((sentence) => !sentence.includes(`declared ${all[3]!.name} dead`))
  expect(dead).toEqual([])
  all[3]!.lagMs = 0
  expect(
    field.until(() => field.agrees, 15_000),
    field.disagreement(),
  ).toBeDefined()
})

test('an observer that stands still again and again gets nobody declared dead', () => {
  const { field, all } = grown(12)
  for (let at = 0; at < 3 * minuteMs; at += 4_000) {
    field.agenda.in(at, () => all[3]!.pause(3_500))
  }
  field.run(3 * minuteMs)
  const dead = died(field).filter((sentence) => !sentence.includes(`declared ${all[3]!.name} dead`))
  expect(dead).toEqual([])
  field.run(5_000)
  expect(
    field.until(() => field.agrees, 15_000),
    field.disagreement(),
  ).toBeDefined()
})

test('a member that names thousands who are not there has four at a time challenged, and keeps nobody out', () => {
  const { field, all } = grown(4)
  field.run(5_000)
  const [liar, victim] = [all[3]!, all[0]!]
  field.traffic.reset()
  const usual = { nodeId: 'x', version: '1', wire: wireRange, incarnation: 0, ready: true } as const
  for (let batch = 0; batch < 100; batch += 1) {
    const names = Array.from({ length: 1_000 }, (_, index) => `flood-${batch}-${index}`)
    const members = names.map((instance): MemberUpdate => ({
      ...{ ...usual, instance, url: `http://${instance}.example`, state: batch % 2 === 0 ? 'alive' : 'dead' },
    }))
    victim.process!.membership.answerGossip(
      { version: wireVersion, self: newsOf(liar), members, hosts: [] },
      victim.now,
    )
    field.run(100)
  }
  const { membership } = victim.process!
  expect(membership.candidates().length).toBeLessThanOrEqual(256)
  expect(membership.peers().length).toBeLessThanOrEqual(1_024)
  // Nobody is there: each is refused after 10 ms, on average, and the flood lasts for 10 s.
  expect(field.traffic.messagesBy.get('challenge') ?? 0).toBeLessThan(6_000)
  const joiner = field.add([victim.url])
  joiner.start()
  expect(
    field.until(() => field.agrees, 30_000),
    field.disagreement(),
  ).toBeDefined()
  for (const { process } of all)
    expect(process!.membership.peers().every(({ nodeId, state }) => nodeId !== 'x' || state !== 'alive')).toBe(true)
})

test(
  `after random faults all agree, and nobody was declared dead who could always be heard (seeds from ${seed})`,
  { timeout: minuteMs },
  () => {
    for (let count = 0; count < randomSeeds; count += 1) {
      const { broken } = randomRun(seed + count)
      expect(broken, `pnpm simulate:members --from ${seed + count} --trace`).toBeUndefined()
    }
  },
)

test.each([42_069, 1_378_707_646])('seed %i, which once found a mistake, breaks nothing', (mended) => {
  expect(randomRun(mended).broken).toBeUndefined()
})

test.each(memberMutants)('the random runs find $name', { timeout: minuteMs }, async ({ name, budgetSeeds }) => {
  expect(await runMutant(name, seed, budgetSeeds)).toMatch(/^seed \d+: /)
})
