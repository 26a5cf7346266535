import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { FileHandles } from './file-handles.ts'
import { FileLog } from './file-log.ts'
import { attemptOfFolder, jobOfFolder, pathOfLog } from './names.ts'
import type { AttemptLog, LogFolder, LogFolderOptions, LogName } from './output-log.ts'

/** Smaller streams could not be halved and cut into eighths. */
const minStreamBytes = 16

/** Files that stay open while nobody uses them. */
const maxIdleFiles = 64

/** Logs that are looked at at once when a folder is opened. */
const openedAtOnce = 16

/**
 * Opens a folder of logs, and makes it when there is none. What a process that was killed left is there. Rejects with a RangeError for a
 * wrong option, and as the file system does.
 */
export async function openLogFolder(dir: string, options: LogFolderOptions): Promise<LogFolder> {
  const { maxStreamBytes } = options
  if (!Number.isSafeInteger(maxStreamBytes) || maxStreamBytes < minStreamBytes) {
    throw new RangeError(`maxStreamBytes must be a whole number from ${minStreamBytes}, not ${maxStreamBytes}`)
  }
  const folder = new FolderOfLogs(resolve(dir), maxStreamBytes)
  await folder.load()
  return folder
}

class FolderOfLogs implements LogFolder {
  readonly #root: string
  readonly #maxStreamBytes: number
  readonly #handles = new FileHandles(maxIdleFiles)
  /** By path, oldest change first. */
  readonly #logs = new Map<string, FileLog>()
  /** Logs come and go one after the other: a job's folder goes with its last log. */
  #last: Promise<unknown> = Promise.resolve()
  #storedBytes = 0
  #closed = false

  constructor(root: string, maxStreamBytes: number) {
    this.#root = root
    this.#maxStreamBytes = maxStreamBytes
  }

  get storedBytes(): number {
    return this.#storedBytes
  }

  async load(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    const names = await namesBelow(this.#root)
    const found: FileLog[] = []
    const take = async () => {
      for (let name = names.pop(); name; name = names.pop()) found.push(await this.#load(name))
    }
    await Promise.all(Array.from({ length: openedAtOnce }, take))
    for (const log of found.toSorted((a, b) => a.foundAt - b.foundAt)) this.#add(log)
  }

  async open(name: LogName): Promise<AttemptLog> {
    const path = pathOfLog(name)
    return this.#inTurn(async () => {
      const known = this.#logs.get(path)
      if (known) return known
      const log = await this.#load(name)
      this.#add(log)
      return log
    })
  }

  async find(name: LogName): Promise<AttemptLog | undefined> {
    this.#assertOpen()
    return this.#logs.get(pathOfLog(name))
  }

  list(): LogName[] {
    return [...this.#logs.values()].map(({ name }) => name)
  }

  async remove(name: LogName): Promise<void> {
    const path = pathOfLog(name)
    await this.#inTurn(async () => {
      const log = this.#logs.get(path)
      if (!log) return
      try {
        await log.remove()
      } finally {
        this.#logs.delete(path)
        this.#storedBytes -= log.storedBytes
      }
      // It stays while it has other logs.
      await rmdir(dirname(join(this.#root, path))).catch(() => undefined)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
    await Promise.all([...this.#logs.values()].map((log) => log.end(closedError())))
    await this.#handles.closeAll()
  }

  #load(name: LogName): Promise<FileLog> {
    return FileLog.open({
      name,
      dir: join(this.#root, pathOfLog(name)),
      root: this.#root,
      handles: this.#handles,
      maxStreamBytes: this.#maxStreamBytes,
      onChange: (log, diskBytes) => this.#changed(log, diskBytes),
    })
  }

  #add(log: FileLog): void {
    this.#logs.set(pathOfLog(log.name), log)
    this.#storedBytes += log.storedBytes
  }

  #changed(log: FileLog, diskBytes: number): void {
    const path = pathOfLog(log.name)
    this.#storedBytes += diskBytes
    this.#logs.delete(path)
    this.#logs.set(path, log)
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    const result = this.#last.then(run)
    this.#last = result.catch(() => undefined)
    return result
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError()
  }
}

function closedError(): Error {
  return new Error('the folder of logs is closed')
}

/** What is not a log's is left alone, but for the folder of a job whose last log was being removed when the process was killed. */
async function namesBelow(root: string): Promise<LogName[]> {
  const names: LogName[] = []
  for (const job of await readdir(root, { withFileTypes: true })) {
    const jobId = job.isDirectory() ? jobOfFolder(job.name) : undefined
    if (jobId === undefined) continue
    const folders = await readdir(join(root, job.name), { withFileTypes: true })
    if (folders.length === 0) await rmdir(join(root, job.name)).catch(() => undefined)
    for (const folder of folders) {
      const attempt = folder.isDirectory() ? attemptOfFolder(folder.name) : undefined
      if (attempt !== undefined) names.push({ jobId, attempt })
    }
  }
  return names
}
