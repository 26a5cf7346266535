import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const endMs = 5_000

const children = new Set<ChildProcess>()
const folders = new Set<string>()
let interrupted = false

/** A process that must not outlive the benchmark. */
export function keepTrack<T extends ChildProcess>(child: T): T {
  children.add(child)
  child.once('exit', () => children.delete(child))
  child.once('error', () => children.delete(child))
  if (interrupted) {
    child.kill('SIGKILL')
    throw new Error('the benchmark was interrupted')
  }
  return child
}

/** Runs something with an empty folder, which is removed afterwards, whatever came of it. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  if (interrupted) throw new Error('the benchmark was interrupted')
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-bench-'))
  folders.add(folder)
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    folders.delete(folder)
  }
}

/** When this process is interrupted, ends every process it started and removes every folder, then exits as the signal says. */
export function cleanUpWhenInterrupted(): void {
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(128 + number)))
  }
}

async function cleanUp(): Promise<void> {
  interrupted = true
  const ended = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of children) child.kill('SIGKILL')
  await Promise.race([Promise.all(ended), setTimeout(endMs)])
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
