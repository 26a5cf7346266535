import { runLoad } from '../load/run-load.ts'
import { everyCapability } from '../load/requirements.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, type Effort, type Figure, scaled } from '../scenario.ts'
import { placeFilledDatabase } from '../systems/filled-database.ts'
import { skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'

const jobs = 1_000_000
const requirementKeys = 200
const operations = 20_000
const target = { bar: 400, goal: 200 }
const load = { payloadBytes: 100, concurrency: 64, warmUp: 0 }

const figure = (name: string, title: string): Figure => ({ name, title, unit: 'MB', better: 'less' })

interface Sizes {
  readonly started: number
  readonly loaded: number
}

/** Resident memory of a coordinator when it has started, and when jobs have come and gone. */
async function sizes(folder: string, effort: Effort): Promise<Sizes> {
  return withSystem(startCoordinators(folder, 1), async ({ urls, processes }) => {
    const megabytes = () => processes[0]!.memoryBytes / 1e6
    const started = megabytes()
    const amount = scaled(operations, effort)
    await runLoad('skyclaw-enqueue', { urls, token, ...load, batch: 1, operations: amount })
    const work = { urls, token, ...load, claimMax: 16, capabilities: everyCapability, operations: amount }
    await runLoad('skyclaw-work', work)
    return { started, loaded: megabytes() }
  })
}

export const memory: AbsoluteScenario = {
  kind: 'absolute',
  name: 'memory',
  title: 'Memory of a coordinator',
  load:
    `${jobs.toLocaleString('en')} jobs queued, with ${requirementKeys} requirement keys; the load is ${operations.toLocaleString('en')} ` +
    'enqueued, claimed and completed; of it up to 16 MiB is what SQLite keeps of the file',
  durability: skyclawDurability,
  runs: 1,
  figures: [
    { ...figure('started', 'after the start'), target },
    { ...figure('loaded', 'after the load'), target },
    figure('emptyStarted', 'after the start of one without jobs'),
    figure('emptyLoaded', 'after the load of one without jobs'),
  ],
  async measure(folder, effort) {
    await placeFilledDatabase(folder, { jobs: scaled(jobs, effort), requirementKeys })
    const full = await sizes(folder, effort)
    const empty = await sizes(`${folder}/empty`, effort)
    return { ...full, emptyStarted: empty.started, emptyLoaded: empty.loaded }
  },
}
