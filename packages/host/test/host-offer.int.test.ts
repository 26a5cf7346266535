import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { HostOffer, type OfferOptions } from '../src/host-offer.ts'
import { lookAtOpenclaw } from '../src/openclaw-version.ts'
import { isAlive, testContext } from './run-context.ts'
import { Bench } from './start.ts'

let root: string
let openclawCommand: string
let ending: AbortController

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-offer-'))
  openclawCommand = path.join(root, 'openclaw')
  ending = new AbortController()
})

afterEach(async () => {
  ending.abort()
  await rm(root, { recursive: true, force: true })
})

/** Puts an OpenClaw of shell code in place of the one that is there. */
async function install(code: string): Promise<void> {
  await writeFile(`${openclawCommand}.new`, `#!/bin/sh\n${code}\n`)
  await chmod(`${openclawCommand}.new`, 0o755)
  await rename(`${openclawCommand}.new`, openclawCommand)
}

function look(timeoutMs = 5_000) {
  return lookAtOpenclaw(testContext({ openclawCommand, dir: root }), { signal: ending.signal, timeoutMs })
}

const versions: [string, string][] = [
  ["echo 'OpenClaw 2026.9.6 (eb377ac)'", '2026.9.6'],
  ['echo 2026.1.5-beta.2', '2026.1.5-beta.2'],
  ["echo 'warning: old state'; echo OpenClaw v2026.10.1", '2026.10.1'],
]
test.each(versions)('an OpenClaw that does %j on --version is %s', async (code, version) => {
  await install(`[ "$*" = --version ] || exit 1\n${code}`)
  expect(await look()).toEqual({ version })
})

test('a command that fails, or says nothing, is no OpenClaw, for a reason that tells what it did', async () => {
  expect(await look()).toEqual({ reason: expect.stringContaining('was not found') })
  await install('exit 3')
  expect(await look()).toEqual({ reason: expect.stringContaining('failed: exited with code 3') })
  await install('true')
  expect(await look()).toEqual({ reason: expect.stringContaining('answered nothing') })
})

test('a wrapper that answers something else is offered, without a version', async () => {
  await install('echo I stand for OpenClaw')
  expect(await look()).toEqual({ version: undefined })
  const { offer } = await open()
  expect(offer.current).toEqual({ capabilities: ['gpu', 'openclaw'], labels: {} })
})

test('a command that hangs is ended with all that it started', async () => {
  await install(`trap '' TERM; setsid sleep 60 & echo $! >${root}/pid; echo OpenClaw 1.2.3; wait; sleep 60`)
  expect(await look(300)).toEqual({ reason: expect.stringContaining('did not answer within 300 ms') })
  expect(await isAlive(Number(await readFile(path.join(root, 'pid'), 'utf8')))).toBe(false)
})

async function open(options: Partial<OfferOptions> = {}) {
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) })
  const context = testContext({ openclawCommand, dir: root, log })
  const quick = { lookEveryMs: 20, missingEveryMs: 20, doubtMs: 20 }
  const offer = await HostOffer.open(context, {
    capabilities: ['openclaw', 'gpu'],
    labels: {},
    signal: ending.signal,
    ...quick,
    ...options,
  })
  return { offer, lines }
}

test('what is offered changes when OpenClaw is installed, upgraded and removed while the host runs', async () => {
  const { offer, lines } = await open()
  expect(offer.current).toEqual({ capabilities: ['gpu'], labels: {} })
  expect(lines.filter((line) => line.includes('openclaw is not offered'))).toHaveLength(1)
  for (const version of ['2026.9.6', '2026.10.1']) {
    const { changed } = offer
    await install(`echo OpenClaw ${version}`)
    await until(`version ${version}`, () => changed.aborted)
    expect(offer.current).toEqual({ capabilities: ['gpu', 'openclaw'], labels: { openclaw: version } })
  }
  const { changed } = offer
  await rm(openclawCommand)
  await until('the end of the offer', () => changed.aborted)
  expect(offer.current).toEqual({ capabilities: ['gpu'], labels: {} })
  ending.abort()
  await offer.closed
})

test('an OpenClaw that fails once, as when it is upgraded, is offered on; and no more when it fails again', async () => {
  const code = (times: number) => `echo x >>${root}/looks
[ $(wc -l <${root}/looks) -le ${times} ] && exit 1
echo OpenClaw 2026.9.6`
  await install('echo OpenClaw 2026.9.6')
  const { offer } = await open()
  const { changed } = offer
  await install(code(1))
  await until('a third look', async () => (await readFile(path.join(root, 'looks'), 'utf8')).length >= 6)
  expect(changed.aborted).toBe(false)
  await install(code(1_000_000))
  await until('a change', () => changed.aborted)
  expect(offer.current.capabilities).toEqual(['gpu'])
})

test('a host starts without an OpenClaw that takes its time, and offers it when it has answered', async () => {
  await install(`while ! [ -e ${root}/ready ]; do sleep 0.02; done; echo OpenClaw 2026.9.6`)
  const { offer } = await open({ firstLookMs: 10, lookMs: 10_000 })
  expect(offer.current.capabilities).toEqual(['gpu'])
  await writeFile(path.join(root, 'ready'), '')
  await until('the offer', () => offer.current.capabilities.includes('openclaw'))
})

test('a host is registered with the version of its OpenClaw as a label, and anew when it answers later', async () => {
  await install(`while ! [ -e ${root}/ready ]; do sleep 0.02; done; echo OpenClaw 2026.9.6`)
  await using bench = await Bench.open()
  const host = await bench.host({ openclawCommand, labels: { zone: 'attic' } })
  const registrations = () => bench.coordinator.of('registerHost').map(({ body }) => body as Record<string, unknown>)
  await until('the registration', () => registrations().length === 1)
  expect(registrations()[0]).toMatchObject({ capabilities: ['shell'], labels: { zone: 'attic' } })
  await writeFile(path.join(root, 'ready'), '')
  await until('another registration', () => registrations().length === 2)
  expect(registrations()[1]).toMatchObject({
    capabilities: ['openclaw', 'shell'],
    labels: { zone: 'attic', openclaw: '2026.9.6' },
  })
  expect(host.capabilities).toEqual(['openclaw', 'shell'])
})

test('a host removes at its start what was left in its temporary folders', async () => {
  await using bench = await Bench.open()
  const left = path.join(bench.dir, 'tmp', 'attempt-left')
  await mkdir(path.join(left, 'openclaw-agent-exec-x'), { recursive: true })
  await bench.host()
  expect(await until('its end', () => !existsSync(left))).toBe(true)
})
