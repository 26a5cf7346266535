import { spawnSync } from 'node:child_process'
import { delimiter, resolve } from 'node:path'

/** How much output of a failing tool is kept: enough for any report that somebody reads. */
const maxOutputBytes = 16 * 1024 * 1024

/** The repository's own tools come before those of the machine, however the script was started. */
const searchPath = [resolve(import.meta.dirname, '../../node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)

/** Runs a program without a shell. Returns nothing when it exits with 0, else its whole output, line by line. */
export function runCommand(cwd: string, command: string, args: string[], timeoutMs = 300_000): string[] {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: maxOutputBytes,
    env: { ...process.env, PATH: searchPath, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  if (status === 0) return []
  const output = `${stdout ?? ''}${stderr ?? ''}`.trimEnd()
  const end = `${command} ended with ${error?.message ?? signal ?? `exit code ${status}`}`
  return [...(output ? output.split('\n') : []), end]
}
