import { execFile } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atEnd } from '../support/undo.ts'

const run = promisify(execFile)

const sizeMb = 64
const coarseBytes = 1_048_576
const fineBytes = 4_096

/** A disk that can be filled: a file system of its own in memory, mounted over a folder. */
export class SmallDisk {
  readonly #ballast: string

  private constructor(folder: string) {
    this.#ballast = join(folder, 'ballast')
  }

  /** Mounts it over an empty folder, until the end of the test. Answers nothing where this process may not mount. */
  static async mount(folder: string): Promise<SmallDisk | undefined> {
    if (process.platform !== 'linux') return undefined
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'skyclaw-chaos', folder])
    } catch {
      return undefined
    }
    // Whoever still uses it keeps it until it ends.
    atEnd(() => run('umount', ['-l', folder]))
    return new SmallDisk(folder)
  }

  /** From now on no byte more fits. */
  fill(): void {
    const file = openSync(this.#ballast, 'w')
    try {
      for (const bytes of [coarseBytes, fineBytes]) {
        while (writesWhole(file, bytes)) continue
      }
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true })
  }
}

function writesWhole(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) === bytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
