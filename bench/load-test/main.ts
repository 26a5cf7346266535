/** Takes very many jobs through several coordinators to their end: `pnpm bench:load`. README.md says what it looks at. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanUpWhenInterrupted, inFolder } from '../run/children.ts'
import { checkOutcome, type Check, type HostLine } from './checks.ts'
import { type Node, startNodes, stopNodes, token } from './coordinators.ts'
import { checkIdle } from './idle-checks.ts'
import { LoadProcess } from './load-process.ts'
import { loadPlots } from './plots.ts'
import { baseOf, readStatuses, readTwins } from './records.ts'
import { run, shareOf } from './run.ts'
import { Sampler } from './sampler.ts'
import { readWish, usage, type Wish } from './wish.ts'

const processesOfKind = 2
const sampleMs = 1_000
const maxShownJobs = 100

try {
  const wish = readWish(process.argv.slice(2))
  cleanUpWhenInterrupted()
  mkdirSync(wish.out, { recursive: true })
  const checks = await inFolder((folder) => loadTest(wish, folder))
  for (const { what, problem } of checks)
    console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${what}${problem ? `: ${problem}` : ''}`)
  if (checks.some(({ problem }) => problem !== undefined)) process.exitCode = 1
} catch (error) {
  console.error(error instanceof RangeError || error instanceof TypeError ? `${error.message}\n\n${usage}` : error)
  process.exitCode = 2
}

async function loadTest(wish: Wish, folder: string): Promise<Check[]> {
  const nodes = await startNodes(folder, wish.coordinators, wish.retentionSeconds)
  const { clients, hosts } = startLoad(wish, folder, nodes)
  try {
    const file = join(wish.out, 'samples.jsonl')
    writeFileSync(file, '')
    const sampler = new Sampler(file, { nodes, clients, hosts })
    await run(wish, sampler, clients, hosts)
    await Promise.all(clients.map((one) => one.end()))
    for (let second = 0; second < wish.idleSeconds; second += 1) {
      sampler.take('idle')
      await sleep(sampleMs)
    }
    sampler.take('idle')
    await Promise.all(hosts.map((one) => one.end()))
    writeFileSync(join(wish.out, 'load-test.svg'), loadPlots(sampler.samples))
    const checks = [...outcome(wish, folder, nodes), ...checkIdle(sampler.samples)]
    writeFailed(wish, folder, nodes, checks)
    return checks
  } finally {
    for (const process of [...clients, ...hosts]) process.kill()
    await stopNodes(nodes)
  }
}

function startLoad(wish: Wish, folder: string, nodes: readonly Node[]) {
  const urls = nodes.map(({ url }) => url)
  const parts = Array.from({ length: processesOfKind }, (_, index) => index)
  const { callsOfClient, jobsOfHost, payloadBytes } = wish
  const clients = parts.map((index) => {
    const file = join(folder, `clients-${index}`)
    const count = shareOf(wish.clients, index, processesOfKind)
    return new LoadProcess('clients', { urls, token, clients: count, callsOfClient, payloadBytes, file })
  })
  const hosts = parts.map((index) => {
    const file = join(folder, `hosts-${index}`)
    const firstHost = Math.floor((wish.hosts * index) / processesOfKind)
    const count = shareOf(wish.hosts, index, processesOfKind)
    return new LoadProcess('hosts', { urls, token, hosts: count, firstHost, jobsOfHost, file })
  })
  return { clients, hosts }
}

function outcome(wish: Wish, folder: string, nodes: readonly Node[]): Check[] {
  const lines = (name: string) =>
    Array.from({ length: processesOfKind }, (_, index) => readFileSync(join(folder, `${name}-${index}`), 'utf8'))
      .flatMap((text) => text.split('\n'))
      .filter((line) => line !== '')
  const ofHosts = lines('hosts').map((line) => line.split(' ') as [string, string, string, string])
  const told = (word: string): HostLine[] =>
    ofHosts.flatMap(([said, id, attempt, host]) => (said === word ? [{ id, attempt: Number(attempt), host }] : []))
  return checkOutcome({
    acknowledged: lines('clients'),
    handed: told('got'),
    reported: told('did'),
    statuses: nodes.map(({ file }) => readStatuses(file)),
    pruned: wish.retentionSeconds > 0,
  })
}

/** What is known of the jobs for which a check failed: each coordinator's records of it and its twins, and what hosts and clients said. */
function writeFailed(wish: Wish, folder: string, nodes: readonly Node[], checks: readonly Check[]): void {
  const ids = [...new Set(checks.flatMap((check) => check.ids ?? []))].slice(0, maxShownJobs)
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  const lines =
    ids.length === 0 ? [] : files.flatMap(({ name }) => readFileSync(join(folder, name), 'utf8').split('\n'))
  const told = ids.map((id) => ({
    id,
    said: lines.filter((line) => line.includes(baseOf(id))),
    records: nodes.map(({ file }) => readTwins(file, id).map((value) => JSON.parse(value) as unknown)),
  }))
  writeFileSync(join(wish.out, 'failed.jsonl'), told.map((one) => `${JSON.stringify(one)}\n`).join(''))
}
