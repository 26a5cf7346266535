import { randomBytes } from 'node:crypto'
import { closeSync, constants, mkdirSync, openSync, rmSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { execa } from 'execa'
import { pathOnly } from './path-only.ts'

/*
 * The pipes that a job writes its output to. Those that Node makes for a child are sockets, and nobody can open a socket by its
 * path: `echo … > /dev/stderr`, which many scripts do, would fail. So they are named pipes of a private folder, opened at both
 * ends and unlinked before the job starts. No two attempts share one: what an escaped process goes on writing stays with its job.
 */

/** One output of a job. */
export interface JobPipe {
  readonly reader: Readable
  /** For the process; to be closed here once it has it. */
  readonly writeEnd: number
  /** To be called when the pipe need not be told from others any more: until then no other one gets its inode number. */
  release(): void
}

/** Pipes that are made at once: a process makes them, and it costs more than they do. */
const madeAtOnce = 32
const makeTimeoutMs = 5_000

/** A stock of named pipes in one folder. */
class PipeStock {
  readonly #folder: string
  #ready: string[] = []
  #making: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
    // Nobody else uses it, and what an earlier run left is of no use.
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** The path of a pipe that nobody has opened yet; undefined where none can be made. */
  async take(): Promise<string | undefined> {
    if (this.#ready.length <= madeAtOnce / 4) this.#making ??= this.#make().finally(() => (this.#making = undefined))
    if (this.#ready.length === 0) await this.#making
    return this.#ready.pop()
  }

  async #make(): Promise<void> {
    const names = Array.from({ length: madeAtOnce }, () => randomBytes(8).toString('hex'))
    const options = { cwd: this.#folder, reject: false, timeout: makeTimeoutMs, stdio: 'ignore' } as const
    const { failed } = await execa('mkfifo', ['-m', '600', '--', ...names], options)
    if (!failed) this.#ready.push(...names.map((name) => path.join(this.#folder, name)))
  }
}

const stocks = new Map<string, PipeStock>()

/** Opens a pipe below the host's folder; undefined where the system has no need or none of that kind, or the disk no room. */
export async function openPipe(dir: string): Promise<JobPipe | undefined> {
  if (process.platform !== 'linux') return undefined
  const folder = path.join(dir, 'pipes')
  try {
    const stock = stocks.get(folder) ?? new PipeStock(folder)
    stocks.set(folder, stock)
    const file = await stock.take()
    return file === undefined ? undefined : open(file)
  } catch {
    // Another folder may be there by now; until then Node's own will do.
    stocks.delete(folder)
    return undefined
  }
}

function open(file: string): JobPipe {
  // Without a writer, opening would wait for one.
  const opened: number[] = []
  const openAs = (flags: number) => {
    const fd = openSync(file, flags)
    opened.push(fd)
    return fd
  }
  try {
    const readEnd = openAs(constants.O_RDONLY | constants.O_NONBLOCK)
    const writeEnd = openAs(constants.O_WRONLY)
    // Neither reader nor writer: it only keeps the inode.
    const kept = openAs(pathOnly)
    unlinkSync(file)
    const reader = new Socket({ fd: readEnd, readable: true, writable: false })
    return { reader, writeEnd, release: () => closeSync(kept) }
  } catch (error) {
    for (const fd of opened) closeSync(fd)
    throw error
  }
}
