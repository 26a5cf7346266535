import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { keepTrack } from '../run/children.ts'
import type { LoadResult } from './drive.ts'

const timeoutMs = 900_000
const maxOutputBytes = 64 * 1_048_576
const shownChars = 1_000

/** Runs a load program of this folder as a process of its own. Rejects with what it said when it fails. */
export async function runLoad(program: string, settings: object): Promise<LoadResult> {
  const args = [join(import.meta.dirname, `${program}.ts`), JSON.stringify(settings)]
  const options = { maxBuffer: maxOutputBytes, timeout: timeoutMs }
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(JSON.parse(stdout) as LoadResult)
      // A stack trace says more than a reader of the report wants to know.
      const said = /^\w*Error.*$/m.exec(stderr)?.[0] ?? (stderr.slice(-shownChars) || error.message)
      reject(new Error(`${program} failed: ${said}`))
    })
    keepTrack(child)
  })
}
