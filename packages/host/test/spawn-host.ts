import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Bench } from './start.ts'

interface SpawnOptions {
  /** A command that starts the host, which is put behind it. */
  readonly launcher?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a host in a process of its own and waits until it has its folder. */
export async function spawnHost(
  bench: Bench,
  options: object = {},
  { launcher = [], env = {} }: SpawnOptions = {},
): Promise<ChildProcess> {
  const settings = {
    coordinators: [bench.coordinator.url],
    dir: bench.dir,
    name: 'p',
    allowedCommands: ['sh'],
    ...options,
  }
  const file = fileURLToPath(new URL('./host-process.ts', import.meta.url))
  const command = [process.execPath, '--conditions=@skyclaw/source', file, JSON.stringify(settings)]
  const [started = '', ...args] = [...launcher, ...command]
  // A group of its own: what it does to that, it does to nobody else.
  const detached = launcher.length > 0
  const child = spawn(started, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    detached,
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await vi.waitUntil(() => output.includes('started ') || child.exitCode !== null, { timeout: 15_000, interval: 20 })
  expect(child.exitCode).toBeNull()
  return child
}
