import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Bench } from './start.ts'

/** Starts a host in a process of its own and waits until it has its folder. */
export async function spawnHost(bench: Bench, options: object = {}): Promise<ChildProcess> {
  const settings = {
    coordinators: [bench.coordinator.url],
    dir: bench.dir,
    name: 'p',
    allowedCommands: ['sh'],
    ...options,
  }
  const file = fileURLToPath(new URL('./host-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@skyclaw/source', file, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await vi.waitUntil(() => output.includes('started ') || child.exitCode !== null, { timeout: 15_000, interval: 20 })
  expect(child.exitCode).toBeNull()
  return child
}
