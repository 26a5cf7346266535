import { constants, realpathSync } from 'node:fs'
import { access, type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../errors.ts'
import type { OpenFolder } from './launch.ts'
import type { Refusal } from './permit.ts'
import { pathOnly } from './path-only.ts'

/** Where a job may work. An empty list is anywhere; of two lists, both hold. */
export interface WorkRoots {
  /** Of the host's settings. */
  readonly host: readonly string[]
  /** Of the rule that permits the command. */
  readonly rule: readonly string[]
}

/**
 * Opens the working directory of a job. What is opened is what is entered: its true path is asked of the open folder, must lie
 * in or below the roots, and the job enters it by way of the open folder, so that symlinks which change in between lead nowhere
 * else. A job that names none gets the first folder of the roots, or the one of this process.
 *
 * @param roots as `pinRoot` gives them
 */
export async function openWorkingFolder(wanted: string | undefined, roots: WorkRoots): Promise<OpenFolder | Refusal> {
  // A relative path starts where a job starts that names none.
  const folder = path.resolve(defaultFolder(roots) ?? '.', wanted ?? '.')
  const shown = JSON.stringify(folder.slice(0, 200))
  const refusal = (what: string): Refusal => ({ exitCode: 126, reason: `the working directory ${shown} ${what}` })
  try {
    const opened = process.platform === 'linux' ? await openOnLinux(folder) : await openByPath(folder)
    if (opened === undefined) return refusal('was removed or moved while it was opened')
    const outside = [roots.host, roots.rule].find(
      (some) => some.length > 0 && !some.some((root) => isIn(opened.path, root)),
    )
    if (outside === undefined) return opened
    opened.close()
    const whose = outside === roots.host ? 'of this host (SKYCLAW_WORK_ROOTS)' : 'of the policy file for this command'
    const really = opened.path === folder ? '' : `is really ${JSON.stringify(opened.path.slice(0, 200))}, which `
    return refusal(`${really}is not in the folders ${whose}: ${outside.join(', ')}`)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return refusal('does not exist on this host')
    if (hasCode(error, 'ENOTDIR')) return refusal('is not a folder on this host')
    return refusal(`cannot be used on this host (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
}

/** A root as it is when the host starts: a symlink that is put into its place later does not widen it. */
export function pinRoot(root: string): string {
  try {
    return realpathSync.native(root)
  } catch {
    return path.resolve(root)
  }
}

/** Whether an absolute path without symlinks is a root or lies below it. */
export function isIn(folder: string, root: string): boolean {
  const below = path.relative(root, folder)
  return below === '' || (below !== '..' && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below))
}

/** The first root that both lists allow. */
function defaultFolder({ host, rule }: WorkRoots): string | undefined {
  if (host.length === 0 || rule.length === 0) return rule[0] ?? host[0]
  const inBoth = (root: string, others: readonly string[]) => others.some((other) => isIn(root, other))
  return rule.find((root) => inBoth(root, host)) ?? host.find((root) => inBoth(root, rule)) ?? rule[0]
}

async function openOnLinux(folder: string): Promise<OpenFolder | undefined> {
  const handle = await open(folder, pathOnly | constants.O_DIRECTORY)
  const close = () => void handle.close().catch(() => {})
  try {
    const truth = await truePath(handle)
    // Whether it can be entered is known here, with a sentence; later it would be a process that does not start.
    if (truth !== undefined) await access(`/proc/self/fd/${handle.fd}`, constants.X_OK)
    else close()
    const { fd } = handle
    return truth === undefined ? undefined : { path: truth, enter: `/proc/${process.pid}/fd/${fd}`, fd, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Where an open folder is, without symlinks; undefined when it is nowhere any more. */
async function truePath(handle: FileHandle): Promise<string | undefined> {
  const target = await readlink(`/proc/self/fd/${handle.fd}`)
  const opened = await handle.stat({ bigint: true })
  // The kernel adds a remark to the path of a folder that was removed; a folder may also have that name.
  const found = await stat(target, { bigint: true }).catch(() => undefined)
  return path.isAbsolute(target) && found?.ino === opened.ino && found.dev === opened.dev ? target : undefined
}

async function openByPath(folder: string): Promise<OpenFolder> {
  const real = await realpath(folder)
  if (!(await stat(real)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
  await access(real, constants.X_OK)
  return { path: real, enter: real, close() {} }
}
