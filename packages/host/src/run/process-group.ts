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
