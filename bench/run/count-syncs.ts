import { spawn } from 'node:child_process'
import { versionOf } from '../server-process.ts'
import { keepTrack } from './children.ts'

export const withoutStrace = 'fsyncs are not counted: strace is not installed (Debian: apt-get install strace)'

export async function canCountSyncs(): Promise<boolean> {
  return (await versionOf('strace', '-V')) !== undefined
}

/** Counts the fsync and fdatasync calls of processes while something runs, by strace; undefined where that cannot attach. */
export async function countSyncs(pids: readonly number[], run: () => Promise<unknown>): Promise<number | undefined> {
  const targets = pids.flatMap((pid) => ['-p', String(pid)])
  const tracer = keepTrack(spawn('strace', ['-f', '-c', '-e', 'trace=fsync,fdatasync', ...targets]))
  let said = ''
  const isAttached = new Promise<boolean>((resolve) => {
    tracer.once('error', () => resolve(false))
    tracer.once('exit', () => resolve(false))
    tracer.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split('attached').length > pids.length) resolve(true)
    })
  })
  if (!(await isAttached)) return undefined
  const ended = new Promise((resolve) => tracer.once('close', resolve))
  try {
    await run()
  } finally {
    tracer.kill('SIGINT')
    await ended
  }
  return callsOf(said)
}

/** The calls in the table that `strace -c` prints at its end. */
export function callsOf(table: string): number {
  const calls = [...table.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}
