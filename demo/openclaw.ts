import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const probeTimeoutMs = 15_000

const standIn = `#!/bin/sh
echo "OpenClaw stand-in: called with $*"
`

export interface OpenclawCommand {
  readonly command: string
  /** Which one it is, for people. */
  readonly note: string
}

/** The real OpenClaw when it is on PATH and works, else a small script that stands for it. */
export async function findOpenclaw(folder: string): Promise<OpenclawCommand> {
  try {
    const { stdout } = await promisify(execFile)('openclaw', ['--version'], { timeout: probeTimeoutMs })
    return { command: 'openclaw', note: `the real OpenClaw (${stdout.trim()})` }
  } catch {
    const command = join(folder, 'openclaw')
    await writeFile(command, standIn)
    await chmod(command, 0o755)
    return { command, note: 'a script that stands for OpenClaw, which is not on PATH or does not work' }
  }
}
