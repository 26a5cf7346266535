import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Payload } from '@skyclaw/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runPayload } from '../src/run/run-payload.ts'
import { until } from '../../../test/support/until.ts'
import { carriers, isInstalled, runs } from './processes.ts'
import { testAttempt, testContext } from './run-context.ts'

/** What a test's processes look at: without it they end, so that none outlives a test that fails. */
let folder: string
let alive: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'skyclaw-ending-'))
  alive = path.join(folder, 'alive')
  await writeFile(alive, '')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** Starts a script; `end` aborts it and resolves with its result. */
function start(script: string, options: Parameters<typeof testContext>[0] = {}, timeoutMs = 30_000) {
  const controller = new AbortController()
  const attempt = testAttempt({ signal: controller.signal })
  const env = { ALIVE: alive, FOLDER: folder }
  const payload: Payload = { kind: 'shell', command: 'sh', args: ['-c', script], env, timeoutMs }
  const result = runPayload(testContext({ killGraceMs: 200, ...options }), payload, attempt)
  return { tag: attempt.tag, result, end: () => (controller.abort(), result) }
}

function pidIn(name: string): Promise<number> {
  return until(`a pid in ${name}`, async () => Number(await readFile(path.join(folder, name), 'utf8').catch(() => 0)))
}

/** A loop that ends with the test. */
const loop = 'while [ -e "$ALIVE" ]; do sleep 0.3; done'

describe('after an attempt was ended no process of it is alive:', () => {
  test('a child in a session of its own that ignores SIGTERM', async () => {
    const job = start(`setsid sh -c 'trap "" TERM; echo $$ > $FOLDER/child; ${loop}' & ${loop}`)
    const child = await pidIn('child')
    expect(await job.end()).toMatchObject({ success: false, interrupted: true })
    expect(runs(child)).toBe(false)
    expect(carriers(job.tag)).toEqual([])
  })

  test('one that gave up environment and output but not the group of a parent that ended before it was seen', async () => {
    const stray = `echo $$ > $FOLDER/stray; ${loop}`.replaceAll('"', '\\"').replaceAll('$', '\\$')
    const left = `env -i FOLDER=$FOLDER ALIVE=$ALIVE PATH=$PATH sh -c "${stray}" </dev/null >/dev/null 2>&1 &`
    // Started between two looks; what holds the output open has looks go by, and is of another group.
    const job = start(`sleep 0.03; setsid sleep 0.3 & ${left}`)
    const { success } = await job.result
    const pid = await pidIn('stray')
    expect(success).toBe(true)
    expect(runs(pid)).toBe(false)
  })

  test('a daemon that forked twice and gave up its environment, seen while its parent was there', async () => {
    const daemon = `echo $$ > $FOLDER/daemon; ${loop}`
    const job = start(
      `env -i FOLDER=$FOLDER ALIVE=$ALIVE PATH=$PATH setsid sh -c '(sh -c "${daemon.replaceAll('"', '\\"').replaceAll('$', '\\$')}" & ); sleep 0.3' & ${loop}`,
    )
    const daemon1 = await pidIn('daemon')
    await until('it to be an orphan', async () => {
      const stat = await readFile(`/proc/${daemon1}/stat`, 'utf8')
      return /\) \w 1 /.test(stat)
    })
    expect(carriers(job.tag).some(({ pid }) => pid === daemon1)).toBe(false)
    await job.end()
    expect(runs(daemon1)).toBe(false)
  })

  test('at the time limit: children that do nothing but wait for it', async () => {
    const script = `for i in 1 2 3; do setsid sh -c 'trap "" TERM; ${loop}' & done; trap "" TERM; ${loop}`
    const job = start(script, {}, 300)
    expect(await job.result).toMatchObject({ exitCode: 124, timedOut: true })
    expect(carriers(job.tag)).toEqual([])
  })

  test('a chain of shells, each in a session of its own, that ended their parents', async () => {
    const chain = path.join(folder, 'chain.sh')
    await writeFile(chain, 'trap "" TERM\n[ -e "$ALIVE" ] || exit\necho x >> "$FOLDER/grown"\nsetsid sh "$0" &\nexit\n')
    const job = start(`sh ${chain}; ${loop}`)
    await until('the chain to run', async () => (await readFile(path.join(folder, 'grown'), 'utf8')).length > 40)
    await job.end()
    const grown = await readFile(path.join(folder, 'grown'), 'utf8')
    expect(carriers(job.tag)).toEqual([])
    expect(await readFile(path.join(folder, 'grown'), 'utf8')).toBe(grown)
  })

  test.runIf(isInstalled('perl'))('chains that fork every hundred microseconds', async () => {
    const perl = 'open F, ">>", "$ENV{FOLDER}/grown"; while (-e $ENV{ALIVE}) { syswrite F, "x"; exit if fork; setsid }'
    const job = start(`for i in 1 2 3; do perl -e 'use POSIX; $SIG{TERM} = "IGNORE"; ${perl}' & done; ${loop}`)
    const grown = async () => (await readFile(path.join(folder, 'grown')).catch(() => '')).length
    await until('the chains to run', async () => (await grown()) > 100)
    await job.end()
    const atEnd = await grown()
    for (let look = 0; look < 50; look++) expect(carriers(job.tag)).toEqual([])
    expect(await grown()).toBe(atEnd)
  })

  test('a fork bomb', async () => {
    const bomb = path.join(folder, 'bomb.sh')
    const half = 'setsid sh "$0" $(($1 - 1)) &'
    await writeFile(bomb, `trap "" TERM\n[ -e "$ALIVE" ] && [ $1 -gt 0 ] || exit\n${half}\n${half}\n${loop}\n`)
    const job = start(`sh ${bomb} 6 & ${loop}`)
    await until('the bomb to spread', () => carriers(job.tag).length > 50)
    await job.end()
    expect(carriers(job.tag)).toEqual([])
  })

  test('what it left behind when it ended by itself', async () => {
    const job = start(`setsid sh -c 'echo $$ > $FOLDER/child; ${loop}' > $FOLDER/out 2>&1 & sleep 0.1; exit 3`)
    expect(await job.result).toMatchObject({ exitCode: 3 })
    expect(runs(await pidIn('child'))).toBe(false)
    expect(carriers(job.tag)).toEqual([])
  })

  test('one that shed everything before anybody saw it, but writes where the job writes', async () => {
    const job = start(`(setsid sh -c 'echo $$ > $FOLDER/child; exec env -i sleep 60' &); ${loop}`)
    const child = await pidIn('child')
    await until('it to have no marker', async () => !carriers(job.tag).some(({ pid }) => pid === child))
    await job.end()
    expect(runs(child)).toBe(false)
  })

  test('one that was stopped', async () => {
    const job = start(`sh -c 'echo $$ > $FOLDER/child; kill -STOP $$' & ${loop}`)
    const child = await pidIn('child')
    await job.end()
    expect(runs(child)).toBe(false)
  })
})

test('a stranger that holds the pipes does not hold up the end', async () => {
  // Nothing ties it to the job any more, when it was not seen on its way.
  const job = start(
    `env -i setsid sh -c '(sleep 60 3>&1 4>&2 >/dev/null 2>&1 & echo $! > ${folder}/stranger)' & echo out; sleep 0.1; exit 4`,
  )
  const startedAt = performance.now()
  expect(await job.result).toMatchObject({ exitCode: 4, stdout: 'out\n' })
  expect(performance.now() - startedAt).toBeLessThan(3_000)
  const stranger = await pidIn('stranger')
  if (runs(stranger)) process.kill(stranger, 'SIGKILL')
})

test('a process that took the place of one of the job, by its number, is left alone', async () => {
  // The same pid with another start time is what a pid that was given out again looks like.
  const { processWatch } = await import('../src/run/processes/process-watch.ts')
  const { killAll } = await import('../src/run/processes/ending.ts')
  const stranger = spawn('sleep', ['60'], { detached: true })
  const pid = stranger.pid ?? 0
  const job = processWatch.track('reused', { pid, startTicks: 1 })
  expect(await killAll(processWatch, { job, endsTogether: false })).toBeUndefined()
  processWatch.forget(job)
  expect(runs(pid)).toBe(true)
  stranger.kill('SIGKILL')
})
