import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LoadResult } from './drive.ts'

const timeoutMs = 900_000

/** Runs a load program as a process of its own. */
export async function runLoad(program: string, settings: object): Promise<LoadResult> {
  const file = join(import.meta.dirname, `${program}.ts`)
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(settings)], {
    maxBuffer: 64 * 1_048_576,
    timeout: timeoutMs,
  })
  return JSON.parse(stdout) as LoadResult
}
