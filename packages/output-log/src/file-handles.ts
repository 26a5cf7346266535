import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

interface OpenFile {
  readonly handle: Promise<FileHandle>
  users: number
}

const flags = constants.O_RDWR

/** Open files, the latest used ones: of a log that is written again and again, the file is not opened each time. */
export class FileHandles {
  readonly #maxIdle: number
  /** In the order of their last use. */
  readonly #files = new Map<string, OpenFile>()

  /** @param maxIdle files that stay open while nobody uses them */
  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle
  }

  /** Runs what needs the file open for reading and writing. Rejects as `open` does, unless `create` is set also when there is none. */
  async use<T>(path: string, run: (handle: FileHandle) => Promise<T>, { create = false } = {}): Promise<T> {
    const file = this.#files.get(path) ?? {
      handle: open(path, create ? flags | constants.O_CREAT : flags, 0o600),
      users: 0,
    }
    file.users += 1
    this.#files.delete(path)
    this.#files.set(path, file)
    try {
      return await run(await this.#opened(path, file))
    } finally {
      file.users -= 1
      await this.#closeIdle()
    }
  }

  /** Closes a file that nobody uses. */
  async close(path: string): Promise<void> {
    const file = this.#files.get(path)
    this.#files.delete(path)
    if (file) await closeQuietly(file)
  }

  async closeAll(): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    await Promise.all(files.map((file) => closeQuietly(file)))
  }

  async #opened(path: string, file: OpenFile): Promise<FileHandle> {
    try {
      return await file.handle
    } catch (error) {
      // The next one tries anew.
      if (this.#files.get(path) === file) this.#files.delete(path)
      throw error
    }
  }

  async #closeIdle(): Promise<void> {
    let excess = this.#files.size - this.#maxIdle
    const idle: OpenFile[] = []
    for (const [path, file] of this.#files) {
      if (excess <= 0) break
      if (file.users > 0) continue
      this.#files.delete(path)
      idle.push(file)
      excess -= 1
    }
    await Promise.all(idle.map((file) => closeQuietly(file)))
  }
}

/** What was written is in the hands of the operating system by now; that the file cannot be closed changes nothing about it. */
async function closeQuietly({ handle }: OpenFile): Promise<void> {
  try {
    await (await handle).close()
  } catch {
    // It could not be opened, or was closed already.
  }
}
