import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isTerminal } from '@skyclaw/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { coordinatorEntry, serving, spawnCoordinator } from '../support/coordinator.ts'
import { freePort } from '../support/free-port.ts'
import { Http } from '../support/http.ts'
import type { Spawned } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'
import { listAll } from './bystanders.ts'
import { Dice } from './dice.ts'
import { Load } from './load.ts'
import type { Stage } from './resend.ts'
import { Witness } from './witness.ts'

// KILL_ROUNDS_SEED repeats the random choices of an earlier run, though not the timing of its processes.
const seed = Number(process.env['KILL_ROUNDS_SEED'] ?? randomInt(0xffff_ffff))
const rounds = Number(process.env['KILL_ROUNDS'] ?? 50)

const leaseMs = 800
const leastUnanswered = 16
const newJobsPerRound = 60
/** One round in so many goes on for longer than the lease, so that leases are lost. */
const longRoundEvery = 10
const killWhileStartingShare = 0.12
const drainMs = 45_000

test(
  'a coordinator that is killed at random moments under load loses nothing that it acknowledged',
  { timeout: 300_000 },
  async () => {
    const startedAt = performance.now()
    const folder = tempFolder()
    const entry = await bundleEntry(coordinatorEntry, folder)
    const port = await freePort()
    const ended = new AbortController()
    const http = new Http(`http://127.0.0.1:${port}`)
    onTestFinished(async () => {
      ended.abort()
      await http.close()
    })
    const dice = new Dice(seed)
    const witness = new Witness()
    const stage: Stage = { http, witness, dice, signal: ended.signal }
    const start = () => spawnCoordinator({ folder, port, leaseMs, entry })
    const expectNoViolation = () => expect(witness.violations, `KILL_ROUNDS_SEED=${seed}`).toEqual([])

    let coordinator = start()
    await serving(coordinator)
    const load = new Load(stage, { leaseMs, connect: () => http })
    const unanswered: number[] = []
    let killsWhileStarting = 0

    for (let round = 1; round <= rounds; round += 1) {
      load.orders.left += newJobsPerRound
      const isLong = round % longRoundEvery === 0
      if (isLong) {
        load.replaceOneHost()
        load.freezeOneHost()
      }
      if (isLong || dice.chance(0.3)) load.freezeOneHost()
      await pause(dice.int(0, 200) + (isLong ? leaseMs * 2 : 0))
      unanswered.push(await killUnderLoad(coordinator, http))
      while (dice.chance(killWhileStartingShare)) {
        killsWhileStarting += 1
        await killWhileStarting(start(), dice)
      }
      coordinator = start()
      await serving(coordinator)
      await listAll(stage, witness)
      expectNoViolation()
    }

    await load.stopEnqueuing()
    const open = async () => {
      const queued = await http.must('listJobs', { query: { status: 'queued', limit: 5 } })
      const leased = await http.must('listJobs', { query: { status: 'leased', limit: 5 } })
      return [...queued.jobs, ...leased.jobs]
    }
    await until('every job to end', async () => (await open()).length === 0, { deadlineMs: drainMs, everyMs: 100 })
    const jobs = await listAll(stage, witness)
    expectNoViolation()
    const unacknowledged = jobs.length - witness.acknowledgedCount
    expect(unacknowledged, 'jobs beside the acknowledged ones').toBeLessThanOrEqual(load.orders.keylessUnanswered)
    expect(jobs.filter(({ status }) => !isTerminal(status))).toEqual([])
    const leaseLosses = jobs.reduce((sum, job) => sum + job.leaseLosses, 0)
    expect(leaseLosses, 'leases lost, without which too little was tested').toBeGreaterThan(0)
    expect(Math.min(...unanswered)).toBeGreaterThanOrEqual(leastUnanswered)
    report({
      rounds,
      'kills while starting': killsWhileStarting,
      'requests answered': witness.answers,
      'unanswered at each kill at least': Math.min(...unanswered),
      'on average': Math.round(unanswered.reduce((sum, count) => sum + count, 0) / rounds),
      'jobs acknowledged': witness.acknowledgedCount,
      ...Object.fromEntries(terminal.map((status) => [status, jobs.filter((job) => job.status === status).length])),
      'leases lost': leaseLosses,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      seed,
    })
  },
)

const terminal = ['completed', 'failed', 'cancelled'] as const

/** Kills it at the first moment from now at which enough requests are unanswered, and tells how many they were. */
async function killUnderLoad(coordinator: Spawned, http: Http): Promise<number> {
  let count = 0
  let killed: Promise<unknown> | undefined
  const kill = () => {
    // A claim that waits for a job is unanswered under no load, too: it does not count.
    count = [...http.unanswered].filter(({ waits }) => !waits).length
    if (count < leastUnanswered) return false
    killed = coordinator.kill()
    return true
  }
  await until(`${leastUnanswered} unanswered requests`, kill, { everyMs: 1 })
  await killed
  return count
}

/** Kills it at a random moment, which is mostly one before it serves: while it opens and recovers its database. */
async function killWhileStarting(coordinator: Spawned, dice: Dice): Promise<void> {
  await pause(dice.int(0, 300))
  await coordinator.kill()
}

function report(facts: Record<string, number>): void {
  const line = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`kill rounds: ${line.join(', ')}\n`)
}
