import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Payload } from '@skyclaw/protocol'
import { type HostOptions, type RunningHost, startHost } from '../src/index.ts'
import { FakeCoordinator } from './fake-coordinator.ts'

/** A coordinator, a folder and the hosts of one test; all of it is gone at its end. */
export class Bench implements AsyncDisposable {
  readonly coordinator: FakeCoordinator
  readonly dir: string
  readonly #hosts: RunningHost[] = []

  constructor(coordinator: FakeCoordinator, dir: string) {
    this.coordinator = coordinator
    this.dir = dir
  }

  static async open(): Promise<Bench> {
    return new Bench(await FakeCoordinator.start(), await mkdtemp(path.join(tmpdir(), 'skyclaw-host-')))
  }

  async host(options: Partial<HostOptions> = {}): Promise<RunningHost> {
    const host = await startHost({
      coordinators: [this.coordinator.url],
      dir: this.dir,
      name: 'test',
      allowedCommands: ['sh', 'cat'],
      openclawCommand: 'openclaw-is-not-here',
      killGraceMs: 500,
      claimWaitMs: 2_000,
      deliverMs: 500,
      ...options,
    })
    this.#hosts.push(host)
    return host
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()))
    await this.coordinator[Symbol.asyncDispose]()
    await rm(this.dir, { recursive: true, force: true })
  }
}

export function sh(script: string): Payload {
  return { kind: 'shell', command: 'sh', args: ['-c', script] }
}
