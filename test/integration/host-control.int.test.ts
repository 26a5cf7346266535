import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@skyclaw/client'
import type { Payload } from '@skyclaw/protocol'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { startHost } from '../support/host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const gigabyte = 1_000_000_000
const patient = { deadlineMs: 60_000 }

let near: ClusterNode
let far: ClusterNode
let third: ClusterNode

beforeAll(async () => {
  ;[near, far, third] = await Cluster.startThree({ leaseMs: 60_000 })
}, 60_000)

const sh = (script: string): Payload => ({ kind: 'shell', command: 'sh', args: ['-c', script] })

/** A host that talks to `near` alone and beats rarely, and a client of `far`. */
async function bench() {
  const folder = tempFolder()
  const client = createClient({ coordinators: [far.url], learn: false })
  onTestFinished(() => client.close())
  const { id } = await startHost({
    folder,
    coordinatorUrl: near.url,
    name: 'h',
    allowedCommands: ['sh'],
    heartbeatMs: 20_000,
    env: { SKYCLAW_LEARN_COORDINATORS: '0' },
  })
  await until('the host to be known at the other coordinator', () => client.hosts.get(id))
  return { client, id, folder }
}

/** Whether an empty file is there; throws while it is not. */
const isThere = (file: string) => () => readFileSync(file, 'utf8') === ''

/** The most memory that a process has had, in bytes. */
function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
}

describe('a host at one of three coordinators', { timeout: 90_000 }, () => {
  test('hears within a second of a job that is cancelled at another one', async () => {
    const { client, folder } = await bench()
    const mark = join(folder, 'asked-to-end')
    const started = join(folder, 'started')
    const job = await client.jobs.enqueue(
      sh(`trap 'touch ${mark}; exit 0' TERM; touch ${started}; while :; do sleep 0.05; done`),
    )
    await until('the job to run', isThere(started), patient)
    const startedAt = performance.now()
    await client.jobs.cancel(job.id)
    await until('the job to be asked to end', isThere(mark))
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await client.jobs.wait(job.id)).toMatchObject({ status: 'cancelled' })
  })

  test('is paused, resumed and drained through another one, and hands back at the deadline what it runs', async () => {
    const { client, id, folder } = await bench()
    expect(await client.hosts.pause(id)).toMatchObject({ state: 'paused' })
    const started = join(folder, 'started')
    const job = await client.jobs.enqueue(sh(`touch ${started}; exec sleep 60`))
    expect(await client.hosts.resume(id)).toMatchObject({ state: 'active' })
    await until('the job to run', isThere(started), patient)
    // A claim that was given up by the pause may have taken it before, and given it back.
    const { attempts } = await client.jobs.get(job.id)
    const current = async () => (await client.jobs.get(job.id)).attemptHistory[attempts - 1]
    const startedAt = performance.now()
    await client.hosts.drain(id, { deadlineMs: 700 })
    await until('the job to be handed back', async () => (await current())?.outcome === 'drained', patient)
    expect(performance.now() - startedAt).toBeGreaterThan(600)
    expect(await current()).toMatchObject({ hostId: id })
    await until('the host to be drained', async () => (await client.hosts.get(id)).state === 'drained')
    await client.jobs.cancel(job.id)
  })

  test('brings head and tail of a gigabyte to those who ask another one, and no coordinator grows by it', async () => {
    const { client } = await bench()
    const nodes = [near, far, third]
    const before = nodes.map(({ process: { pid } }) => peakBytes(pid))
    const script = `printf BEGIN; head -c ${gigabyte} /dev/zero | tr '\\0' x; printf END`
    const job = await client.jobs.enqueue(sh(script))
    const places = new Map<number, Buffer>()
    for await (const { offset, bytes } of client.jobs.logs(job.id, { follow: true }))
      places.set(offset, Buffer.from(bytes))
    const offsets = [...places.keys()].toSorted((a, b) => a - b)
    const head = Buffer.concat(offsets.filter((offset) => offset < 65_536).map((offset) => places.get(offset)!))
    expect(head.toString().slice(0, 60_000)).toBe(`BEGIN${'x'.repeat(59_995)}`)
    const last = offsets.at(-1)!
    expect(last + places.get(last)!.length).toBe(gigabyte + 8)
    expect(places.get(last)!.toString()).toMatch(/^x*END$/)
    expect(await client.jobs.wait(job.id)).toMatchObject({
      status: 'completed',
      result: { usage: { stdoutBytes: gigabyte + 8, truncated: true } },
    })
    for (const [index, { process }] of nodes.entries()) {
      expect(peakBytes(process.pid) - before[index]!).toBeLessThan(150_000_000)
    }
  })
})
