import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const maxOutputBytes = 64 * 1_048_576

/** Bytes that processes have sent over their open connections to the given ports, as the kernel counts them (`ss`, of iproute2). */
export async function socketBytes(pids: readonly number[], ports: readonly number[]): Promise<number> {
  const { stdout } = await promisify(execFile)(
    'ss',
    ['--tcp', '--numeric', '--processes', '--info', '--no-header', '--oneline'],
    { maxBuffer: maxOutputBytes },
  )
  return sentBytesOf(stdout, pids, ports)
}

/** The same, from what `ss` prints. */
export function sentBytesOf(table: string, pids: readonly number[], ports: readonly number[]): number {
  let sum = 0
  for (const line of table.split('\n')) {
    const toPort = Number(/^\S+\s+\d+\s+\d+\s+\S+\s+\S+:(\d+)\s/.exec(line)?.[1])
    const pid = Number(/pid=(\d+)/.exec(line)?.[1])
    if (ports.includes(toPort) && pids.includes(pid)) sum += Number(/bytes_sent:(\d+)/.exec(line)?.[1] ?? 0)
  }
  return sum
}
