import { closeSync, openSync, readlinkSync, readSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { pathOnly } from '../path-only.ts'

/** What a launch passes on: open files and bytes, which the launched process has from number 3 on. */
export class PassedFiles {
  readonly files: (number | Uint8Array)[] = []
  readonly #opened: number[] = []

  /** Passes it on; its number over there. */
  pass(file: number | Uint8Array | string): string {
    this.files.push(typeof file === 'string' ? new TextEncoder().encode(file) : file)
    return String(this.files.length + 2)
  }

  /** Opens a file or folder, whatever it is, until `close`. */
  open(file: string): { fd: number; real: string } {
    const fd = openSync(file, pathOnly)
    this.#opened.push(fd)
    return { fd, real: readlinkSync(`/proc/self/fd/${fd}`) }
  }

  /** Opens a file without a name, for the launched process to write in, until `close`. */
  openNameless(folder: string, name: string): number {
    const file = path.join(folder, name)
    const fd = openSync(file, 'wx+', 0o600)
    this.#opened.push(fd)
    unlinkSync(file)
    return fd
  }

  close(): void {
    for (const fd of this.#opened.splice(0)) closeSync(fd)
  }
}

/** The beginning of an open file, whatever was read of it before. */
export function readFrom(fd: number, maxBytes: number): string {
  const bytes = Buffer.alloc(maxBytes)
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, maxBytes, 0))
}
