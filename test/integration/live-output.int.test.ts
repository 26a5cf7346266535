import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@skyclaw/client'
import { expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { startHost } from '../support/host.ts'
import { shellLine, skyclaw, startUp } from '../support/skyclaw.ts'
import type { Spawned } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

/** A program that writes these lines to both streams, a part of them after each gate that is opened. */
function gatedProgram(folder: string, parts: number, linesPerPart: number) {
  const gate = (part: number) => join(folder, `gate-${part}`)
  const line = (part: number, number: number) => `${part}:${number} grüße an alle`
  const lines = (part: number) => Array.from({ length: linesPerPart }, (_, number) => line(part, number))
  const all = Array.from({ length: parts }, (_, part) => lines(part)).flat()
  const write = (part: number) =>
    `for ((i = 0; i < ${linesPerPart}; i++)); do echo "${part}:$i grüße an alle"; echo "${part}:$i grüße an alle" >&2; done`
  const waitFor = (part: number) => `until [ -e '${gate(part)}' ]; do sleep 0.02; done`
  const script = Array.from({ length: parts }, (_, part) =>
    part === 0 ? write(0) : `${waitFor(part)}; ${write(part)}`,
  )
  return {
    words: ['bash', '-c', script.join('; ')],
    output: `${all.join('\n')}\n`,
    lastLineOf: (part: number) => new RegExp(`^${line(part, linesPerPart - 1)}\n`, 'm'),
    open: (part: number) => writeFileSync(gate(part), ''),
  }
}

/** Waits until a program has written that on both of its outputs. */
async function wrote({ stdout, stderr }: Spawned, pattern: RegExp): Promise<void> {
  const look = () => pattern.test(stdout()) && pattern.test(stderr())
  await until(`${pattern} on both outputs`, look, { deadlineMs: 30_000 })
}

/** The coordinators that have something of the first attempt's log themselves. */
async function holdersOf(nodes: readonly ClusterNode[], id: string): Promise<ClusterNode[]> {
  const query = { stdout: 0, stderr: 0 }
  const pages = await Promise.all(
    nodes.map(async ({ http }) => http.must('readLogPage', { params: { id, attempt: 1 }, query })),
  )
  return nodes.filter((_, index) => pages[index]!.stdout > 0)
}

test(
  'run shows output before its job ends, byte by byte, to whoever reads slowly or stops reading',
  { timeout: 60_000 },
  async () => {
    const up = await startUp(['--allow', 'bash', '--allow', 'cat'])
    const program = gatedProgram(up.folder, 2, 3)
    const run = skyclaw(['run', '--', ...program.words], up.folder, up.env)
    await wrote(run, program.lastLineOf(0))
    const client = createClient({ coordinators: [up.url], token: up.token })
    onTestFinished(() => client.close())
    const [job] = (await client.jobs.list()).jobs
    expect(job?.status).toBe('leased')
    program.open(1)
    const { output } = program
    expect(await run.ended).toEqual({ code: 0, signal: null, stdout: output, stderr: output })

    const bytes = Buffer.from(Array.from({ length: 1_500_000 }, (_, index) => (index * 7_919) % 256))
    const file = join(up.folder, 'bytes')
    writeFileSync(file, bytes)
    const slowly = await shellLine(`skyclaw run cat '${file}' | (sleep 0.5; sha256sum)`, up.folder, up.env).ended
    expect(slowly.stderr).toBe('')
    expect(slowly.stdout).toBe(`${createHash('sha256').update(bytes).digest('hex')}  -\n`)

    const id = (await client.jobs.list({ limit: 1 })).jobs[0]?.id
    const line = `set -o pipefail; skyclaw jobs logs ${id} | head -c 3 | od -An -tu1`
    expect(await shellLine(line, up.folder, up.env).ended).toMatchObject({
      code: 0,
      stdout: '   0 239 222\n',
      stderr: '',
    })
  },
)

test(
  'the coordinator that is asked and the one that has the log are killed: the follower sees every byte once',
  { timeout: 60_000 },
  async () => {
    const cluster = await Cluster.start()
    const [asked, holding, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
    const urls = (...nodes: ClusterNode[]) => ({ SKYCLAW_COORDINATOR_URLS: nodes.map(({ url }) => url).join(',') })
    const folder = tempFolder()
    const settings = { folder, coordinatorUrl: holding.url, name: 'h', allowedCommands: ['bash'] }
    await startHost({ ...settings, heartbeatMs: 500, env: urls(third, asked) })
    const program = gatedProgram(folder, 4, 500)

    const run = skyclaw(['run', '--', ...program.words], folder, urls(asked, third, holding))
    await wrote(run, program.lastLineOf(0))
    const [job] = (await third.http.must('listJobs')).jobs
    const id = job!.id
    expect((await holdersOf(cluster.nodes, id)).map(({ name }) => name)).toEqual([holding.name])

    await asked.kill()
    program.open(1)
    await wrote(run, program.lastLineOf(1))
    await asked.start()
    await cluster.allLive()

    const [holder] = await holdersOf(cluster.nodes, id)
    await holder!.kill()
    program.open(2)
    await wrote(run, program.lastLineOf(2))
    program.open(3)
    const { output } = program
    const ended = await run.ended
    expect(ended).toEqual({ code: 0, signal: null, stdout: output, stderr: output })

    // The log is kept by two: without the one, the other, alone, tells it as it was.
    const [gone, last] = await holdersOf(
      cluster.nodes.filter((node) => node !== holder),
      id,
    )
    await gone!.kill()
    const later = await skyclaw(['jobs', 'logs', id], folder, urls(gone!, last!)).ended
    expect(later).toEqual({ code: 0, signal: null, stdout: output, stderr: output })
  },
)
