import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { LedgerRecord } from '@skyclaw/protocol'
import { BackupError, closingName, type Header, toLine } from './format.ts'

export interface Written {
  readonly records: number
  readonly bytes: number
  readonly sha256: string
}

/**
 * Writes a backup under a temporary name beside the file, readable by its owner only: records hold the environments of jobs. The
 * file has its name once all of it is on disk, so there is a whole backup under that name or none. Each method throws a BackupError.
 */
export class FileWriter {
  readonly #file: string
  readonly #force: boolean
  readonly #partFile: string
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #records = 0
  #bytes = 0

  private constructor(file: string, force: boolean, partFile: string, handle: FileHandle) {
    this.#file = file
    this.#force = force
    this.#partFile = partFile
    this.#handle = handle
  }

  /** Makes the folder when it is not there. With `force`, a file of that name is replaced. */
  static async open(file: string, force: boolean): Promise<FileWriter> {
    await refuseExisting(file, force)
    await explained(file, makeFolder(dirname(file)))
    const partFile = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.part`)
    const handle = await explained(file, open(partFile, 'wx', 0o600))
    return new FileWriter(file, force, partFile, handle)
  }

  async begin(header: Header): Promise<void> {
    await this.#write(toLine(header))
  }

  async add(records: readonly LedgerRecord[]): Promise<void> {
    await this.#write(Buffer.concat(records.map(toLine)))
    this.#records += records.length
  }

  /** Writes the closing line and gives the file its name. */
  async finish(): Promise<Written> {
    const sha256 = this.#hash.copy().digest('hex')
    await this.#write(toLine({ format: closingName, records: this.#records, sha256 }))
    await explained(this.#file, this.#handle.sync())
    await explained(this.#file, this.#handle.close())
    await refuseExisting(this.#file, this.#force)
    await explained(this.#file, rename(this.#partFile, this.#file))
    await explained(this.#file, syncFolder(dirname(this.#file)))
    return { records: this.#records, bytes: this.#bytes, sha256 }
  }

  /** Leaves nothing behind of what was not finished. To be called in any case. */
  async drop(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#partFile, { force: true })
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await explained(this.#file, this.#handle.appendFile(bytes))
  }
}

async function refuseExisting(file: string, force: boolean): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isDirectory()) throw new BackupError(`${file} is a folder: name a file in it`)
  // A device would lose its name to the backup.
  if (found && !found.isFile()) throw new BackupError(`${file} is no file that could be replaced`)
  if (found && !force) throw new BackupError(`${file} is there already: name another file, or replace it with --force`)
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'EEXIST' || code === 'ENOTDIR' ? new Error(`${folder} is no folder, or lies in what is none`) : error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function explained<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new BackupError(`${file} cannot be written: ${(error as Error).message}`)
  }
}
