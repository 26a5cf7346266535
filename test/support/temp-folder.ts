import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './undo.ts'

/** An empty folder, gone at the end of the test, or of the file when it is made in `beforeAll`. Call it before what uses the folder is started, so that it is cleaned up after. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'skyclaw-test-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
