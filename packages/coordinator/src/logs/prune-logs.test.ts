import { openLogFolder } from '@skyclaw/output-log'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { JobRecord } from '@skyclaw/protocol'
import type { Ledger } from '../ledger/ledger.ts'
import { LogPruner } from './prune-logs.ts'

const { signal: open } = new AbortController()

/** A folder with a log for each of these jobs, oldest first, and what the ledger says of them. */
async function bench(
  jobs: Readonly<Record<string, { status?: JobRecord['status']; closed: boolean }>>,
  maxBytes: number,
) {
  const dir = mkdtempSync(join(tmpdir(), 'skyclaw-prune-'))
  const folder = await openLogFolder(dir, { maxStreamBytes: 1_000_000 })
  onTestFinished(async () => {
    await folder.close()
    rmSync(dir, { recursive: true })
  })
  for (const [jobId, { closed }] of Object.entries(jobs)) {
    const log = await folder.open({ jobId, attempt: 1 })
    await log.append('stdout', 0, new Uint8Array(100_000))
    if (closed) await log.close({ stdout: 100_000, stderr: 0 })
  }
  const read = async (key: string) => {
    const status = jobs[key.slice('job:'.length)]?.status
    return status === undefined ? null : { status }
  }
  const lines: unknown[] = []
  const info = (line: unknown) => void lines.push(line)
  const pruner = new LogPruner(folder, { read } as unknown as Ledger, maxBytes, { info, warn: () => undefined })
  return { pruner, lines, left: () => folder.list().map(({ jobId }) => jobId) }
}

test('logs of jobs that are forgotten go, when that was so twice, and not before the coordinator has caught up', async () => {
  const { pruner, left } = await bench({ kept: { status: 'completed', closed: true }, gone: { closed: true } }, 1e9)
  for (let round = 0; round < 3; round += 1) await pruner.pruneForgotten(false, open)
  await pruner.pruneForgotten(true, open)
  expect(left()).toEqual(['kept', 'gone'])
  await pruner.pruneForgotten(true, open)
  expect(left()).toEqual(['kept'])
})

test('when logs take too much, the oldest closed ones go first, then those of ended jobs, and those of running jobs stay', async () => {
  const jobs = {
    running: { status: 'leased', closed: false },
    open: { status: 'failed', closed: false },
    first: { status: 'completed', closed: true },
    second: { status: 'completed', closed: true },
  } as const
  const some = await bench(jobs, 360_000)
  await some.pruner.pruneExcess(open)
  expect(some.left()).toEqual(['running', 'open', 'second'])
  expect(some.lines).toMatchObject([{ freedBytes: 110_592 }])
  const fewer = await bench(jobs, 200_000)
  await fewer.pruner.pruneExcess(open)
  expect(fewer.left()).toEqual(['running'])
  const none = await bench(jobs, 1)
  await none.pruner.pruneExcess(open)
  expect(none.left()).toEqual(['running'])
})
