import { spawnSync } from 'node:child_process'

/** How much output of a failing tool is kept: enough for any report that somebody reads. */
const maxOutputBytes = 16 * 1024 * 1024

/** Runs a program without a shell. Returns nothing when it exits with 0, else its whole output, line by line. */
export function runCommand(cwd: string, command: string, args: string[], timeoutMs = 300_000): string[] {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: maxOutputBytes,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  if (status === 0) return []
  const output = `${stdout ?? ''}${stderr ?? ''}`.trimEnd()
  return [
    ...(output ? output.split('\n') : []),
    `${command} ended with ${error?.message ?? signal ?? `exit code ${status}`}`,
  ]
}
