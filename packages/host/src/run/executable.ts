import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../errors.ts'
import type { OpenExecutable } from './launch.ts'
import type { Refusal } from './permit.ts'
import { pathOnly } from './path-only.ts'

/**
 * A command is looked for once, when the host starts, and the file that was found is pinned: device, inode, size, and the
 * times of its last change, which nobody can set back. Before each run the file is opened anew, and what is open must be what
 * was pinned. It is then executed by way of the open file, `/proc/<pid of this process>/fd/N`, so that whatever is put at its
 * path between check and start never runs.
 *
 * Two cases go by path. Where only root can replace anything along the path, and this process is not root, the path itself
 * is as good, and shows in `ps`. And a script is opened once more, by its interpreter, which needs its path: it is looked at
 * before and after the start, by `stillThere`, and its process ended when it was replaced in between.
 */
export interface PinnedExecutable {
  /** As it was found: absolute, and perhaps a symlink. */
  readonly path: string
  /** The same with the symlinks of its folder followed: two paths with one place are two names of one command. */
  readonly place: string
  open(): Promise<OpenExecutable | Refusal>
}

/** Pins a file; or says why it cannot be executed. The path is absolute. */
export function pinExecutable(file: string): PinnedExecutable | Refusal {
  const shown = JSON.stringify(file)
  try {
    const real = realpathSync.native(file)
    const pin = statSync(real, { bigint: true })
    if (!pin.isFile()) return { exitCode: 126, reason: `${shown} is not a file` }
    if (!isExecutable(pin)) return { exitCode: 126, reason: `${shown} is not executable for this host` }
    const pinned = { file, real, pin }
    const place = path.join(realpathSync.native(path.dirname(file)), path.basename(file))
    if (process.platform !== 'linux') return { path: file, place, open: () => openByPath(pinned) }
    const opensAgain = !isBinary(real)
    const byPath = opensAgain || isBeyondReach(real, pin)
    return { path: file, place, open: () => openFile(pinned, { byPath, opensAgain }) }
  } catch (error) {
    return unusable(file, error)
  }
}

interface Pinned {
  readonly file: string
  readonly real: string
  readonly pin: BigIntStats
}

async function openFile(
  { file, real, pin }: Pinned,
  { byPath, opensAgain }: { byPath: boolean; opensAgain: boolean },
): Promise<OpenExecutable | Refusal> {
  try {
    const handle = await open(file, pathOnly)
    // Its end leaves nothing behind that one could do something about.
    const close = () => void handle.close().catch(() => {})
    try {
      if (!isSame(pin, await handle.stat({ bigint: true }))) {
        close()
        return replaced(file)
      }
    } catch (error) {
      close()
      throw error
    }
    const { fd } = handle
    const look = byPath ? () => statSync(real, { bigint: true }) : () => fstatSync(fd, { bigint: true })
    const exec = byPath ? real : `/proc/${process.pid}/fd/${fd}`
    return { path: file, exec, fd, opensAgain, stillThere: () => isStill(pin, look), close }
  } catch (error) {
    return unusable(file, error)
  }
}

async function openByPath({ file, real, pin }: Pinned): Promise<OpenExecutable | Refusal> {
  try {
    if (!isSame(pin, await stat(file, { bigint: true }))) return replaced(file)
    const look = () => statSync(real, { bigint: true })
    return { path: file, exec: real, stillThere: () => isStill(pin, look), close() {} }
  } catch (error) {
    return unusable(file, error)
  }
}

function isStill(pin: BigIntStats, look: () => BigIntStats): boolean {
  try {
    return isSame(pin, look())
  } catch {
    return false
  }
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs', 'mode'] as const).every((name) => one[name] === other[name])
}

/** By the mode alone: what access control lists say, the start of the process says. */
function isExecutable({ mode }: BigIntStats): boolean {
  return process.platform === 'win32' || (mode & 0o111n) !== 0n
}

/** Whether the kernel executes it by itself. What cannot be read is no script: an interpreter could not read it either. */
function isBinary(file: string): boolean {
  let fd: number
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return true
  }
  try {
    const magic = Buffer.alloc(4)
    return readSync(fd, magic, 0, 4, 0) === 4 && magic.equals(Buffer.from('\x7fELF', 'latin1'))
  } finally {
    closeSync(fd)
  }
}

/** Whether nobody but root can write the file, or replace it or a folder above it, and this process is not root. */
function isBeyondReach(real: string, pin: BigIntStats): boolean {
  if (process.geteuid?.() === 0) return false
  const folders: string[] = []
  for (let folder = path.dirname(real); ; folder = path.dirname(folder)) {
    folders.push(folder)
    if (folder === path.dirname(folder)) break
  }
  const all = [pin, ...folders.map((folder) => statSync(folder, { bigint: true }))]
  return all.every(({ uid, mode }) => uid === 0n && (mode & 0o022n) === 0n)
}

function replaced(file: string): Refusal {
  const remedy = 'restart the host to allow the new file'
  return { exitCode: 126, reason: `${JSON.stringify(file)} was replaced since the host started; ${remedy}` }
}

function unusable(file: string, error: unknown): Refusal {
  const shown = JSON.stringify(file)
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { exitCode: 127, reason: `${shown} is not there` }
  const { code } = error as NodeJS.ErrnoException
  return { exitCode: 126, reason: `${shown} cannot be used (${code ?? String(error)})` }
}
