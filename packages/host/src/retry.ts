import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs, type BackoffOptions } from '@skyclaw/client'

const pace: BackoffOptions = { baseMs: 500, maxMs: 15_000 }

/** Waits before try number `failures` + 1. False when the signal ended the wait. */
export async function pause(failures: number, signal: AbortSignal): Promise<boolean> {
  return rest(backoffMs(failures, Math.random(), pace), signal)
}

/** Waits. False when the signal ended the wait. */
export async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  return sleep(Math.max(0, ms), true, { signal }).catch(() => false)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
