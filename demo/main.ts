/** One minute with Skyclaw: real processes, real work, a coordinator and a host that die in the middle of it. See the README beside this. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, poll } from './daemon.ts'
import { minReplications, Network } from './network.ts'
import { findOpenclaw } from './openclaw.ts'
import { checkResults, renderResults } from './results.ts'
import { say, Watch } from './watch.ts'
import { enqueue, interrupted, moreWork, work } from './work.ts'

const workMs = 30_000
/** How long the host may work before anybody is killed: in the middle of the work. */
const beforeKillMs = 1_000
const logTail = 15

const daemons: Daemon[] = []
const folder = await mkdtemp(join(tmpdir(), 'skyclaw-demo-'))

async function cleanUp(): Promise<void> {
  await Promise.all(daemons.map((daemon) => daemon.kill()))
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

async function tell(): Promise<void> {
  const openclaw = await findOpenclaw(folder)
  say(`OpenClaw jobs run ${openclaw.note}`)
  const network = await Network.start(folder, openclaw.command, (daemon) => daemons.push(daemon))
  const [doomed, ...left] = network.coordinators
  if (!doomed) throw new Error('there is no coordinator')
  const hosts = new Map([...network.hosts].map(([id, host]) => [id, host.name]))
  say(
    `all three know each other: ${network.coordinators.map(({ name }) => name).join(', ')}; changes need ${minReplications} disks from now on`,
  )
  say(`two hosts are up: ${[...hosts.values()].join(' and ')}`)

  const titles = await enqueue(doomed.client, work, minReplications)
  say(`${titles.size} jobs enqueued at ${doomed.name}; each was on ${minReplications} disks before the answer`)
  const watch = new Watch(network.client, titles, hosts)
  const busy = await poll('the long job to be at work', workMs, async () => {
    const job = (await watch.look()).find(({ id }) => titles.get(id) === interrupted)
    if (job?.result)
      throw new Error(`"${interrupted}" ended before anybody could be killed: ${job.error ?? 'too soon'}`)
    const started = Date.parse(job?.attemptHistory[0]?.startedAt ?? '')
    return Date.now() - started > beforeKillMs ? network.hosts.get(job?.assignedHostId ?? '') : undefined
  })
  await doomed.daemon.kill()
  say(`SIGKILL for the coordinator ${doomed.name} (process ${doomed.daemon.pid}), where all of them were enqueued`)
  for (const [id, title] of await enqueue(network.client, moreWork, minReplications)) titles.set(id, title)
  say(
    `${Object.keys(moreWork).length} more jobs enqueued at the ${left.length} that are left, on ${minReplications} disks each`,
  )
  await busy.kill()
  say(`SIGKILL for the host ${busy.name} (process ${busy.pid}) in the middle of "${interrupted}"`)

  const jobs = await poll('all jobs to end', workMs, () => watch.ended())
  console.log(`\n${renderResults(jobs, titles, hosts)}\n`)
  checkResults(jobs, titles, busy.name)
  await network.agree(left, titles.size, workMs)
  say(
    `every job was finished, the one of the killed host on the other; ${left.map(({ name }) => name).join(' and ')} agree`,
  )

  doomed.restart()
  say(`${doomed.name} is started again, with no URL of any other: it knows them from its database`)
  await network.isWhole()
  await network.agree(network.coordinators, titles.size, workMs)
  say(`${doomed.name} is back (process ${doomed.daemon.pid}) and has caught up: all three know the same`)
  await network.stop(busy)
  say('all processes have stopped')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: cleaning up`)
    void cleanUp().finally(() => process.exit(130))
  })
}

try {
  await tell()
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  for (const { name, log } of daemons)
    console.error([`--- the last lines of ${name}`, ...log.slice(-logTail)].join('\n'))
  process.exitCode = 1
} finally {
  await cleanUp()
}
