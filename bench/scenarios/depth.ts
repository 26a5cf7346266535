import { measureRates, type Rates } from '../run/measure-rates.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, type Effort, type Figure, scaled } from '../scenario.ts'
import { median } from '../statistics.ts'
import { placeFilledDatabase } from '../systems/filled-database.ts'
import { skyclawDurability, startCoordinators } from '../systems/skyclaw.ts'

const jobs = 1_000_000
const operations = 4_000
const rounds = 5
const load = { payloadBytes: 100, concurrency: 64 }
const target = { bar: 0.8, goal: 0.95 }
const keysMeasured = [1, 200]

/** Of what a coordinator with many jobs reaches over what one without any does. */
interface Ratios {
  readonly enqueue: number
  readonly work: number
  readonly enqueueCost: number
  readonly workCost: number
}

/** Both coordinators run, and have the same load in turn: what slows the machine for a while slows both. */
async function ratiosOf(folder: string, effort: Effort, requirementKeys: number): Promise<Ratios> {
  await placeFilledDatabase(`${folder}/full`, { jobs: scaled(jobs, effort), requirementKeys })
  return withSystem(startCoordinators(`${folder}/full`, 1), (full) =>
    withSystem(startCoordinators(`${folder}/empty`, 1), async (empty) => {
      const measure = (nodes: typeof full) =>
        measureRates(nodes, { ...load, jobs: scaled(operations, effort), requirementKeys })
      const ratios: Ratios[] = []
      for (let round = 0; round < rounds; round += 1) {
        const early = round % 2 === 0 ? await measure(full) : undefined
        const atEmpty = await measure(empty)
        ratios.push(toRatios(early ?? (await measure(full)), atEmpty))
      }
      const middle = (name: keyof Ratios) => median(ratios.map((ratio) => ratio[name]))
      return {
        ...{ enqueue: middle('enqueue'), work: middle('work') },
        ...{ enqueueCost: middle('enqueueCost'), workCost: middle('workCost') },
      }
    }),
  )
}

function toRatios(full: Rates, empty: Rates): Ratios {
  return {
    enqueue: full.enqueue.bySecond / empty.enqueue.bySecond,
    work: full.work.bySecond / empty.work.bySecond,
    enqueueCost: empty.enqueue.byProcessorSecond / full.enqueue.byProcessorSecond,
    workCost: empty.work.byProcessorSecond / full.work.byProcessorSecond,
  }
}

const keysText = (keys: number) => (keys === 1 ? 'one requirement key' : `${keys} requirement keys`)

function figuresOf(keys: number): Figure[] {
  const figure = (name: keyof Ratios, title: string, better: Figure['better']): Figure => ({
    ...{ name: `${name}${keys}`, title: `${title}, ${keysText(keys)}`, unit: '', better },
  })
  return [
    { ...figure('enqueue', 'enqueue', 'more'), target },
    { ...figure('work', 'claim and complete', 'more'), target },
    figure('enqueueCost', 'processor time of an enqueue', 'less'),
    figure('workCost', 'processor time of a claim and complete', 'less'),
  ]
}

export const depth: AbsoluteScenario = {
  kind: 'absolute',
  name: 'depth',
  title: `Rates with ${jobs.toLocaleString('en')} jobs queued over those of an empty queue`,
  load: `${load.concurrency} at once, payload of ${load.payloadBytes} bytes, claims of up to 16; the host can run all of it`,
  durability: skyclawDurability,
  runs: 1,
  figures: keysMeasured.flatMap(figuresOf),
  async measure(folder, effort) {
    const values: Record<string, number> = {}
    for (const keys of keysMeasured) {
      const ratios = await ratiosOf(`${folder}/${keys}`, effort, keys)
      for (const [name, value] of Object.entries(ratios)) values[`${name}${keys}`] = value
    }
    return values
  },
}
