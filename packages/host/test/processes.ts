import { execFileSync } from 'node:child_process'
import { listPids, type ProcessStat, readMarker, readStat } from '../src/run/processes/proc.ts'

/** All living processes that carry the marker of an attempt. */
export function carriers(tag: string): ProcessStat[] {
  return listPids()
    .filter((pid) => readMarker(pid) === tag)
    .flatMap((pid) => readStat(pid) ?? [])
    .filter(({ alive }) => alive)
}

/** Whether a process is there and not a zombie. */
export function runs(pid: number): boolean {
  return readStat(pid)?.alive ?? false
}

/** Whether a command is on this machine. */
export function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
