import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ShellPayload } from '@skyclaw/protocol'
import { pino } from 'pino'
import type { Sandbox } from '../src/run/launch.ts'
import { listPids, readStat } from '../src/run/processes/proc.ts'
import { runPayload } from '../src/run/run-payload.ts'
import type { AttemptRun } from '../src/run/run-context.ts'
import { createSandbox, type SandboxOptions } from '../src/run/sandbox/create-sandbox.ts'
import { testAttempt, testContext } from './run-context.ts'

/** Why bubblewrap cannot be tested on this machine; undefined where it can. */
export const whyNot = trial()

function trial(): string | undefined {
  const { status, stderr, error } = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], {
    encoding: 'utf8',
  })
  return status === 0
    ? undefined
    : `bwrap --unshare-all itself fails on this machine: ${error?.message ?? stderr.trim()}`
}

type Settings = Partial<SandboxOptions> & Parameters<typeof testContext>[0]

/** Folders for jobs in a sandbox, all below one; `own` is that of the host. */
export class Place implements AsyncDisposable {
  readonly root: string
  readonly job: string
  readonly own: string

  private constructor(root: string) {
    this.root = root
    this.job = path.join(root, 'job')
    this.own = path.join(root, 'job', '.skyclaw', 'hosts', 'test')
  }

  static async make(): Promise<Place> {
    const place = new Place(await realpath(await mkdtemp(path.join(tmpdir(), 'skyclaw-sandbox-'))))
    await mkdir(place.own, { recursive: true })
    await writeFile(path.join(place.own, 'id'), 'own secret')
    await writeFile(path.join(place.root, 'outside'), 'outside')
    return place
  }

  async sandbox(settings: Settings = {}): Promise<Sandbox> {
    const { kind = 'bubblewrap', network = false, paths = [], image, environment = process.env } = settings
    const log = pino({ enabled: false })
    const sandbox = await createSandbox({ kind, network, paths, image, environment, dir: this.own, log })
    if ('reason' in sandbox) throw new Error(sandbox.reason)
    return sandbox
  }

  async run(payload: Partial<ShellPayload>, settings: Settings = {}, attempt: Partial<AttemptRun> = {}) {
    const sandbox = settings.sandbox ?? (await this.sandbox(settings))
    const { network: _, paths: _paths, image: _image, kind: _kind, ...context } = settings
    return runPayload(
      testContext({ dir: this.own, ...context, sandbox }),
      { kind: 'shell', command: 'sh', cwd: this.job, ...payload },
      testAttempt(attempt),
    )
  }

  sh(script: string, settings: Settings = {}, attempt: Partial<AttemptRun> = {}) {
    return this.run({ args: ['-c', script], env: { OUT: this.root } }, settings, attempt)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** All living processes on whose command line a text is. */
export function withArgument(text: string): number[] {
  return listPids().filter(
    (pid) => pid !== process.pid && readStat(pid)?.alive === true && read(pid, 'cmdline').includes(text),
  )
}

/** A file of /proc about a process; empty when it is gone. */
export function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
