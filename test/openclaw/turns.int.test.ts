import { randomInt, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createClient, type SkyclawClient } from '@skyclaw/client'
import type { Job, OpenclawPayload } from '@skyclaw/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCoordinator } from '../support/coordinator.ts'
import { startHost } from '../support/host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { atEnd } from '../support/undo.ts'
import { until } from '../support/until.ts'
import { openclawCommand, openclawVersion } from './install.ts'
import { type Reply, StubModel } from './stub-model.ts'

/*
 * Real turns of the real OpenClaw, through a real coordinator and a real host. A turn costs ten seconds of processor time before
 * the model is asked, so that all jobs are enqueued at once, and the host runs two at a time, in this order.
 */

const turns = {
  answer: { message: 'say hello [[answer]]', model: 'stub/stub-1', thinking: 'off' },
  tool: { message: 'write a file [[tool]]' },
  cancel: { message: 'sleep [[cancel]]' },
  refusal: { message: 'fail [[refusal]]' },
  timeout: { message: 'wait [[timeout]]', timeoutMs: 3_000 },
  version: { args: ['--version'] },
  wrong: { args: ['agent', 'exec', '--no-such-option'] },
} as const satisfies Record<string, Omit<OpenclawPayload, 'kind'>>
type Turn = keyof typeof turns

/** By these all processes of the turns are found again: in their environment, and in what the tool of one runs. */
const run = randomUUID()
const sleep = `${randomInt(10_000, 99_999)}.${randomInt(10_000, 99_999)}`

const ids = {} as Record<Turn, string>
let client: SkyclawClient
let folder: string
let model: StubModel

beforeAll(async () => {
  folder = tempFolder()
  model = await StubModel.start({
    // Each goes on when both have been asked: neither can wait for the other's end.
    answer: () => whenAsked('tool', { say: 'hello from the stub' }),
    tool: () => whenAsked('answer', { exec: 'echo made >made.txt; echo it is there' }),
    refusal: () => ({ refuse: 'no such luck' }),
    timeout: () => 'hang',
    cancel: () => ({ exec: `(setsid sleep ${sleep} &); trap '' TERM; sleep ${sleep}` }),
  })
  atEnd(() => model[Symbol.asyncDispose]())
  await writeFile(path.join(folder, 'openclaw.json'), JSON.stringify(model.config))
  const { url } = await startCoordinator({ folder })
  // OpenClaw is run by the Node that runs the tests, whatever the machine has.
  const PATH = [path.dirname(process.execPath), process.env['PATH']].join(path.delimiter)
  const env = { SKYCLAW_OPENCLAW_COMMAND: openclawCommand, SKYCLAW_KILL_GRACE_MS: '2000', HOME: folder, PATH }
  await startHost({ folder, coordinatorUrl: url, name: 'claws', maxParallel: 2, env })
  client = createClient({ coordinators: [url] })
  atEnd(() => client.close())
  for (const [turn, payload] of Object.entries(turns)) ids[turn as Turn] = (await enqueue(payload)).id
})

// One line for each turn: how long it took, and what it cost.
afterAll(async () => {
  const seconds = (ms: number | undefined) => (ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`)
  for (const [turn, id] of Object.entries(ids)) {
    const { status, result } = await client.jobs.get(id)
    const memory = `${Math.round((result?.usage?.peakMemoryBytes ?? 0) / 1_000_000)} MB`
    const times = `${seconds(result?.durationMs)}, processor ${seconds(result?.usage?.cpuMs)}, memory ${memory}`
    process.stdout.write(`openclaw turn ${turn.padEnd(8)} ${status.padEnd(10)} ${times}\n`)
  }
})

function enqueue(payload: Omit<OpenclawPayload, 'kind'>): Promise<Job> {
  const env = {
    TURNS: run,
    OPENCLAW_CONFIG_PATH: path.join(folder, 'openclaw.json'),
    OPENCLAW_OFFLINE: '1',
    OPENCLAW_NO_AUTO_UPDATE: '1',
    DO_NOT_TRACK: '1',
    OPENCLAW_DISABLE_BONJOUR: '1',
    OPENCLAW_SKIP_CHANNELS: '1',
  }
  return client.jobs.enqueue({ kind: 'openclaw-run', cwd: folder, env, ...payload }, { maxLeaseLosses: 0 })
}

async function whenAsked(turn: Turn, reply: Reply): Promise<Reply> {
  await until(`the turn ${turn}`, () => model.asked.includes(turn), { deadlineMs: 100_000 })
  return reply
}

function ended(turn: Turn): Promise<Job> {
  return client.jobs.wait(ids[turn], { timeoutMs: 140_000 })
}

/** The processes that a file of /proc tells to be of these turns. */
function processes(file: 'environ' | 'cmdline', text: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text)
    } catch {
      return false
    }
  })
}

describe(`OpenClaw ${openclawVersion} on a host`, () => {
  test('is offered with its version', async () => {
    const { hosts } = await client.hosts.list()
    expect(hosts).toMatchObject([{ capabilities: ['openclaw'], labels: { openclaw: openclawVersion } }])
  })

  test('answers, while another turn runs beside it', async () => {
    expect(await ended('answer')).toMatchObject({
      status: 'completed',
      result: {
        exitCode: 0,
        openclaw: {
          status: 'ok',
          final: 'hello from the stub',
          model: 'stub-1',
          provider: 'stub',
          usage: { total: 18 },
        },
      },
    })
  })

  test('works with a tool in the folder of its job', async () => {
    expect(await ended('tool')).toMatchObject({
      status: 'completed',
      result: { openclaw: { final: 'it printed it is there', toolSummary: { calls: 1, failures: 0 } } },
    })
    expect(await readFile(path.join(folder, 'made.txt'), 'utf8')).toBe('made\n')
  })

  test('is ended by a cancel in the middle, with no process of it left', async () => {
    await until('the tool to run', () => processes('cmdline', sleep).length >= 3, { deadlineMs: 140_000, everyMs: 100 })
    const startedAt = performance.now()
    await client.jobs.cancel(ids.cancel)
    expect(await ended('cancel')).toMatchObject({ status: 'cancelled' })
    // Its tool does not listen to SIGTERM: the grace is over.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(processes('cmdline', sleep)).toEqual([])
  })

  test("fails with OpenClaw's own message when the provider refuses", async () => {
    const { status, error, result } = await ended('refusal')
    expect({ status, exitCode: result?.exitCode }).toEqual({ status: 'failed', exitCode: 1 })
    expect(error).toMatch(/^LLM request failed/)
    expect(result?.stderr).toContain('no such luck')
  })

  test('is out of time when the model does not answer', async () => {
    const job = await ended('timeout')
    expect(job).toMatchObject({ status: 'failed', result: { exitCode: 124, openclaw: { status: 'timeout' } } })
    expect(job.attemptHistory).toMatchObject([{ outcome: 'timed_out' }])
    expect(job.error).toMatch(/^Request timed out/)
  })

  test('is run with exactly the arguments of a job, whatever it answers', async () => {
    expect(await ended('version')).toMatchObject({
      status: 'completed',
      result: { stdout: expect.stringContaining(`OpenClaw ${openclawVersion}`) },
    })
    const wrong = await ended('wrong')
    expect(wrong).toMatchObject({ status: 'failed', result: { exitCode: 1 } })
    expect(wrong.result?.stderr).toContain('--no-such-option')
  })

  test('leaves no process and no temporary folder', async () => {
    for (const turn of Object.keys(turns) as Turn[]) await ended(turn)
    expect(processes('environ', run)).toEqual([])
    expect(await readdir(path.join(folder, 'claws', 'tmp'))).toEqual(['compile-cache'])
  })
})
