import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pino } from 'pino'
import { describe, expect, test, vi } from 'vitest'
import { FakeCoordinator } from './fake-coordinator.ts'
import { spawnHost } from './spawn-host.ts'
import { Bench, sh } from './start.ts'

const soon = { timeout: 10_000, interval: 20 }

function logFiles(bench: Bench): string[] {
  const folder = path.join(bench.dir, 'logs')
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
}

describe('the output of a job', () => {
  test('arrives while the job runs, both streams, in order, and the log is closed and removed when it ends', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const go = path.join(bench.dir, 'go')
    const job = coordinator.enqueue(
      'live',
      sh(`echo one; echo err >&2; until [ -e ${go} ]; do sleep 0.05; done; printf zwei-€`),
    )
    const host = await bench.host()
    const log = coordinator.logs.of('live')
    await vi.waitUntil(() => log.sizes.stdout > 0 && log.sizes.stderr > 0, soon)
    expect(job.status).toBe('leased')
    expect(log.stdout).toBe('one\n')
    coordinator.enqueue('opens', sh(`touch ${go}`))
    await bench.host({ dir: path.join(bench.dir, 'second') })
    await vi.waitUntil(() => log.closed, soon)
    expect(log.stdout).toBe('one\nzwei-€')
    expect(log.bytes('stderr').toString()).toBe('err\n')
    for (const { url } of coordinator.of('putLog')) expect(url.searchParams.get('hostId')).toBe(host.id)
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
  })

  test('comes at most every 250 ms, in pieces of at most 64 KiB, while the job runs', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const go = path.join(bench.dir, 'go')
    const text = `head -c 400000 /dev/zero; until [ -e ${go} ]; do sleep 0.05; done`
    const job = coordinator.enqueue('paced', sh(text))
    await bench.host()
    const log = coordinator.logs.of('paced')
    await vi.waitUntil(() => log.sizes.stdout === 400_000, soon)
    const live = coordinator.of('putLog')
    await writeFile(go, '')
    await vi.waitUntil(() => log.closed, soon)
    expect(job.completion).toMatchObject({ success: true })
    expect(Math.max(...live.map(({ bytes }) => bytes.length))).toBe(65_536)
    // On the whole: one that came late makes the next pause look short.
    const took = live.at(-1)!.at - live[0]!.at
    expect(took / (live.length - 1)).toBeGreaterThan(200)
  })

  test('that the completion tells in full has no log of its own, but what is cut, no UTF-8, or of a failed attempt has', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const scripts = {
      short: 'echo done',
      cut: 'head -c 5000 /dev/zero',
      binary: String.raw`printf '\377'`,
      failed: 'echo oops; exit 1',
      silent: 'exit 1',
    }
    for (const [id, script] of Object.entries(scripts)) coordinator.enqueue(id, sh(script))
    await bench.host({ maxOutputBytes: 1_000 })
    const closed = () => ['cut', 'binary', 'failed', 'silent'].every((id) => coordinator.logs.of(id).closed)
    await vi.waitUntil(closed, soon)
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
    expect(coordinator.logs.of('cut').sizes.stdout).toBe(5_000)
    expect(coordinator.logs.of('binary').bytes('stdout')).toEqual(Buffer.from([255]))
    expect(coordinator.logs.of('failed').stdout).toBe('oops\n')
    expect(coordinator.seen.filter(({ operation, id }) => /Log/.test(operation) && id === 'short')).toEqual([])
  })

  test('is sent from the beginning to another coordinator when the one that has it dies', async () => {
    await using bench = await Bench.open()
    await using other = await FakeCoordinator.start()
    const { coordinator } = bench
    coordinator.coordinators = [other.url]
    const go = path.join(bench.dir, 'go')
    const text = `head -c 300000 /dev/zero | tr '\\0' a; until [ -e ${go} ]; do sleep 0.05; done; echo end`
    coordinator.enqueue('moves', sh(text))
    other.jobs.set('moves', { id: 'moves', status: 'leased', attempts: 1, payload: sh('') })
    await bench.host({ heartbeatMs: 100 })
    await vi.waitUntil(() => coordinator.logs.of('moves').sizes.stdout > 100_000, soon)
    await coordinator.stop()
    await vi.waitUntil(() => other.logs.of('moves').sizes.stdout === 300_000, soon)
    other.enqueue('opens', sh(`touch ${go}`))
    await using helper = await Bench.open()
    await helper.host({ coordinators: [other.url] })
    await vi.waitUntil(() => other.logs.of('moves').closed, soon)
    expect(other.logs.of('moves').stdout).toBe(`${'a'.repeat(300_000)}end\n`)
    await vi.waitUntil(() => other.jobs.get('moves')?.completion, soon)
  })

  test('is sent again when the coordinators miss some of it at the close', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.enqueue('gap', sh('echo out; echo err >&2; exit 1'))
    coordinator.before = (operation) => {
      if (operation === 'closeLog' && coordinator.of('closeLog').length === 1) {
        const log = coordinator.logs.of('gap')
        log.pieces.stderr = []
        log.sizes.stderr = 0
      }
      return undefined
    }
    await bench.host()
    await vi.waitUntil(() => coordinator.logs.of('gap').closed, soon)
    expect(coordinator.logs.of('gap').stdout).toBe('out\n')
    expect(coordinator.logs.of('gap').bytes('stderr').toString()).toBe('err\n')
  })

  test('is sent byte by byte, whatever characters are cut in two', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.enqueue('euro', sh(String.raw`printf 'a\342\202'; sleep 0.4; printf '\254b'; exit 1`))
    await bench.host()
    await vi.waitUntil(() => coordinator.logs.of('euro').closed, soon)
    expect(coordinator.logs.of('euro').pieces.stdout.length).toBeGreaterThan(1)
    expect(coordinator.logs.of('euro').stdout).toBe('a€b')
  })

  test('neither waits for the result nor holds it up', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation, { id }) => {
      if (id === 'log-hangs' && (operation === 'putLog' || operation === 'closeLog')) return 'hang'
      return id === 'result-hangs' && operation === 'completeJob' ? 'hang' : undefined
    }
    const job = coordinator.enqueue('log-hangs', sh('echo a; exit 1'))
    coordinator.enqueue('result-hangs', sh('echo b; exit 1'))
    await bench.host({ deliverMs: 50 })
    await vi.waitUntil(() => coordinator.logs.of('result-hangs').closed, soon)
    await vi.waitUntil(() => job.completion, soon)
    expect(coordinator.logs.of('log-hangs').closed).toBe(false)
    expect(coordinator.jobs.get('result-hangs')?.status).toBe('leased')
  })

  test('has no secret in what is sent, also where it comes in two pieces', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.enqueue('secret', {
      kind: 'shell',
      command: 'sh',
      args: ['-c', 'printf "a $TOKEN b open"; sleep 0.4; echo "-sesame c"; echo "$TOKEN" >&2; exit 1'],
      secretEnv: { TOKEN: 'open-sesame' },
    })
    await bench.host()
    await vi.waitUntil(() => coordinator.logs.of('secret').closed, soon)
    expect(coordinator.logs.of('secret').stdout).toBe('a [redacted] b [redacted] c\n')
    expect(Buffer.concat(coordinator.of('putLog').map(({ bytes }) => bytes)).toString()).not.toContain('sesame')
  })
})

describe('a log', () => {
  test('whose lease is lost ends its attempt, and is dropped', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation) => (operation === 'putLog' ? 'lease_lost' : undefined)
    coordinator.enqueue('lost', sh('echo hi; sleep 60'))
    await bench.host()
    await vi.waitUntil(() => coordinator.of('putLog').length > 0, soon)
    const next = coordinator.enqueue('next', sh('true'))
    await vi.waitUntil(() => next.status === 'completed', soon)
    expect(coordinator.of('completeJob').map(({ id }) => id)).toEqual(['next'])
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
    expect(coordinator.of('closeLog')).toEqual([])
  })

  test('that is refused for good is dropped, and the job goes on to its result', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation) => (operation === 'putLog' ? 'log_closed' : undefined)
    const job = coordinator.enqueue('refused', sh('echo hi; sleep 0.6; echo ho'))
    await bench.host()
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ success: true, stdout: 'hi\nho\n' })
    expect(coordinator.of('putLog')).toHaveLength(1)
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
  })

  test('waits on disk for a coordinator, over a restart of the host too', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => (refuse && /Log/.test(operation) ? 'quorum_unreachable' : undefined)
    const job = coordinator.enqueue('waits', sh('echo kept; exit 1'))
    const host = await bench.host({ deliverMs: 50 })
    await vi.waitUntil(() => job.completion, soon)
    await vi.waitUntil(() => coordinator.of('putLog').length > 0, soon)
    await host.stop()
    expect(logFiles(bench).length).toBeGreaterThan(0)
    refuse = false
    await bench.host()
    await vi.waitUntil(() => coordinator.logs.of('waits').closed, soon)
    expect(coordinator.logs.of('waits').stdout).toBe('kept\n')
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
  })

  test('and a result that wait when the host is killed are delivered by the next one, closed at what is on disk', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => {
      return refuse && ['putLog', 'closeLog', 'completeJob'].includes(operation) ? 'quorum_unreachable' : undefined
    }
    const ended = coordinator.enqueue('ended', sh('echo whole; exit 1'))
    const cut = coordinator.enqueue('cut', sh('echo begun; sleep 0.4; echo more >&2; exec sleep 60'))
    const child = await spawnHost(bench, { maxParallel: 2 })
    // A file is made a moment before it is written.
    const isWritten = (name: string) => statSync(path.join(bench.dir, 'logs', name)).size > 0
    const hasBoth = () =>
      logFiles(bench).some((name) => name.includes('cut') && name.includes('stderr') && isWritten(name))
    await vi.waitUntil(() => hasBoth() && coordinator.of('completeJob').length > 0, soon)
    await vi.waitUntil(() => coordinator.of('putLog').some(({ id }) => id === 'ended'), soon)
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    refuse = false
    await bench.host()
    await vi.waitUntil(() => coordinator.logs.of('ended').closed && coordinator.logs.of('cut').closed, soon)
    await vi.waitUntil(() => ended.completion && cut.status === 'released', soon)
    expect(coordinator.logs.of('ended').stdout).toBe('whole\n')
    expect(coordinator.logs.of('cut').stdout).toBe('begun\n')
    expect(coordinator.logs.of('cut').bytes('stderr').toString()).toBe('more\n')
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
  })

  test('that cannot be written is given up, and the job and its result are none the worse', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => void lines.push(line) })
    await mkdir(path.join(bench.dir, 'logs'))
    await writeFile(path.join(bench.dir, 'logs', 'full'), 'in the way')
    const job = coordinator.enqueue('full', sh('echo first; sleep 0.5; head -c 3000000 /dev/zero; echo last; exit 3'))
    await bench.host({ logger })
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ exitCode: 3, stdout: expect.stringMatching(/^first[^]*last\n$/) })
    expect(lines.filter((line) => line.includes('the log could not be written'))).toHaveLength(1)
    expect(coordinator.of('putLog')).toEqual([])
  })

  test('beyond maxSpooled of those that wait is dropped, the oldest first', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => (refuse && /Log/.test(operation) ? 'quorum_unreachable' : undefined)
    const jobs = Array.from({ length: 12 }, (_, index) => coordinator.enqueue(`j${index}`, sh('echo out; exit 1')))
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => void lines.push(line) })
    await bench.host({ maxSpooled: 2, maxParallel: 4, logger })
    await vi.waitUntil(() => jobs.every((job) => job.completion), soon)
    // Eight are tried and two wait.
    await vi.waitUntil(() => lines.filter((line) => line.includes('the oldest is dropped')).length === 2, soon)
    refuse = false
    const closed = () => jobs.filter(({ id }) => coordinator.logs.of(id).closed).length
    await vi.waitUntil(() => closed() >= 10, { ...soon, timeout: 18_000 })
    await vi.waitUntil(() => logFiles(bench).length === 0, soon)
    expect(closed()).toBe(10)
  })
})
