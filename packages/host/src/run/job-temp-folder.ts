import { chmod, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { hasCode } from '../errors.ts'

/*
 * A temporary directory for one attempt: `<dir>/tmp/<tag>`, gone with the attempt. Programs make sockets below it, whose paths the
 * kernel limits to 108 bytes: where the host's folder lies too deep it is `skyclaw-<tag>` in the system's temporary directory, and
 * `<dir>/tmp/<tag>` an empty file that remembers it.
 */

export interface JobTempFolder {
  readonly path: string
  /** Removes it. Rejects when something in it cannot be removed; the next start tries again. */
  remove(): Promise<void>
}

/** Bytes of its path: 44 are left of a socket's for what is made in it. */
const maxPathBytes = 63
/** Files in the cache of compiled code, some 7 KiB each; a fuller one is begun anew. */
const maxCacheFiles = 30_000
const cacheName = 'compile-cache'
const tagPattern = /^[a-z0-9-]{8,64}$/

/** Makes one. Rejects when that fails; nothing is left then. */
export async function makeTempFolder(dir: string, tag: string, system: string | undefined): Promise<JobTempFolder> {
  const root = rootOf(dir)
  const own = path.join(root, tag)
  await mkdir(root, { recursive: true, mode: 0o700 })
  if (Buffer.byteLength(own) <= maxPathBytes) {
    await mkdir(own, { mode: 0o700 })
    return { path: own, remove: () => removeAll(own) }
  }
  const elsewhere = systemFolders(system)
    .map((folder) => path.join(folder, shortName(tag)))
    .toSorted((a, b) => Number(Buffer.byteLength(a) > maxPathBytes) - Number(Buffer.byteLength(b) > maxPathBytes))[0]
  const chosen = elsewhere ?? own
  // First the note of it: a crash in between leaves nothing that is not found again.
  await writeFile(own, '', { flag: 'wx', mode: 0o600 })
  const remove = async () => {
    await removeAll(chosen)
    await removeAll(own)
  }
  try {
    // Fails when somebody else has the name: a folder of another's is never taken.
    await mkdir(chosen, { mode: 0o700 })
  } catch (error) {
    await removeAll(own)
    throw error
  }
  return { path: chosen, remove }
}

/** Removes what attempts of an earlier run of the host left. Rejects when something cannot be removed. */
export async function removeLeftTempFolders(dir: string, system: string | undefined): Promise<void> {
  const root = rootOf(dir)
  const names = await readdir(root).catch(() => [])
  for (const tag of names.filter((name) => tagPattern.test(name) && name !== cacheName)) {
    const own = path.join(root, tag)
    if ((await lstat(own).catch(() => undefined))?.isFile()) {
      for (const folder of systemFolders(system)) await removeAll(path.join(folder, shortName(tag)))
    }
    await removeAll(own)
  }
}

/**
 * A folder for Node's cache of compiled code, which would otherwise be in the temporary directory and be made anew by each attempt:
 * that costs OpenClaw five seconds.
 */
export async function compileCacheFolder(dir: string): Promise<string> {
  const folder = path.join(rootOf(dir), cacheName)
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  if (files.length > maxCacheFiles) await removeAll(folder)
  return folder
}

function rootOf(dir: string): string {
  return path.join(dir, 'tmp')
}

function shortName(tag: string): string {
  return `skyclaw-${tag}`
}

/** Where it may be. `/tmp` is shorter than what some systems set. */
function systemFolders(system: string | undefined): string[] {
  const folders = [system, tmpdir(), ...(process.platform === 'win32' ? [] : ['/tmp'])]
  return [...new Set(folders.filter((folder) => folder !== undefined && path.isAbsolute(folder)))] as string[]
}

async function removeAll(target: string): Promise<void> {
  const remove = () => rm(target, { recursive: true, force: true, maxRetries: 3 })
  try {
    await remove()
  } catch (error) {
    if (!hasCode(error, 'EACCES') && !hasCode(error, 'EPERM')) throw error
    // Some programs take the permission to write from folders of their own, which keeps them from being removed.
    await makeWritable(target)
    await remove()
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(folder, entry.name))
  }
}
