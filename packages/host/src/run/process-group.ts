import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../errors.ts'

/** Sends a signal to every process of the group. False when there is none. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch (error) {
    // EPERM: only processes of another user are left, which are not ours to end.
    if (hasCode(error, 'ESRCH', 'EPERM')) return false
    throw error
  }
}

/** Ends what is left of a group whose first process has ended: SIGTERM, `graceMs`, SIGKILL. */
export async function endRest(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return
  const deadline = performance.now() + graceMs
  while (performance.now() < deadline) {
    await sleep(10)
    if (!signalGroup(pid, 0)) return
  }
  signalGroup(pid, 'SIGKILL')
}
